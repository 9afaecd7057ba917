#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

#include "ai/home_manager.hpp"

using namespace ai;

namespace {

HomeDevices all_devices() {
  HomeDevices d;
  d.pv_w = 8000;
  d.battery_w = 4000;
  d.battery_wh = 8000;
  d.battery_round_trip = 0.9;
  d.ev_w = 11000;
  d.ev_least_w = 4140;
  d.heat_pump_w = 3000;
  return d;
}

HomeNow evening() {
  HomeNow now;
  now.load_w = 1000;
  now.heat_pump_w = 2000;
  now.warmth_k = 0.6;
  now.ev_wanted_wh = 22000;
  now.ev_hours = 12;
  now.battery_charge = 0.5;
  return now;
}

HomePrices flat() { return {std::vector<double>(96, 0.3), 0.25, 0, 0}; }

}  // namespace

TEST_CASE("Without prices that differ and without limits devices are left to themselves") {
  const HomePlan plan = plan_by_price(all_devices(), evening(), flat());
  CHECK(plan.ev_w == 11000);
  CHECK(plan.heat_pump_w == 2000);
  CHECK(plan.battery_w == -4000);  // covers what it can of 14 kW
  const HomeSetPoints s = set_points_for(all_devices(), evening(), plan, {});
  CHECK(!s.pv_limit_w);
  CHECK(!s.battery_w);
  CHECK(!s.ev_limit_w);
  CHECK(!s.heat_pump_limit_w);
  CHECK(!s.load_limit_w);
}

TEST_CASE("A car waits for the cheapest slots that suffice, and no longer") {
  HomePrices p = flat();
  for (std::size_t k = 20; k < 40; ++k) p.eur_per_kwh[k] = 0.2;  // cheaper in five hours
  HomeNow now = evening();
  CHECK(plan_by_price(all_devices(), now, p).ev_w == 0);
  // It leaves before: then the earliest of equal slots.
  now.ev_hours = 4;
  CHECK(plan_by_price(all_devices(), now, p).ev_w == doctest::Approx(22000 / 3.75));
  // It can hardly make it.
  now.ev_hours = 2;
  CHECK(plan_by_price(all_devices(), now, p).ev_w == 11000);
}

namespace {

// What a car draws in each slot of a night, of which `from` to `until` are cheap; by the rule.
std::vector<double> night_of(std::uint64_t lot, double wanted_wh, std::size_t from,
                             std::size_t until, double& unmet_wh) {
  HomeDevices d = all_devices();
  d.lot = lot;
  std::vector<double> out;
  HomeNow now = evening();
  now.ev_wanted_wh = wanted_wh;
  for (std::size_t s = 0; s < 56; ++s) {
    HomePrices p{{}, 0.25, static_cast<std::uint32_t>(s)};
    for (std::size_t k = s; k < 96; ++k)
      p.eur_per_kwh.push_back(from <= k && k < until ? 0.2 : 0.3);
    now.ev_hours = 14 - 0.25 * static_cast<double>(s);
    out.push_back(std::min(plan_by_price(d, now, p).ev_w, now.ev_wanted_wh / 0.25));
    now.ev_wanted_wh -= out.back() * 0.25;
  }
  unmet_wh = now.ev_wanted_wh;
  return out;
}

}  // namespace

TEST_CASE("Homes with one tariff take different hours of its cheap time, and get what they want") {
  std::vector<double> together(56);
  for (std::uint64_t lot = 1; lot <= 40; ++lot) {
    double unmet_wh = 0;
    const std::vector<double> own = night_of(lot, 14000, 26, 50, unmet_wh);
    CHECK(unmet_wh < 1);
    for (std::size_t s = 0; s < 56; ++s) {
      if (own[s] > 0 && unmet_wh < 1) CHECK((26 <= s && s < 50));
      together[s] += own[s];
    }
    CHECK(own == night_of(lot, 14000, 26, 50, unmet_wh));
  }
  // 40 x 14 kWh in six hours are 93 kW on average; 440 kW if all began at once.
  CHECK(*std::max_element(together.begin(), together.end()) < 160'000);
  CHECK(*std::min_element(together.begin() + 26, together.begin() + 46) > 40'000);
  // More than the cheap time holds: the rest before and after it.
  double unmet_wh = 0;
  night_of(7, 100'000, 26, 50, unmet_wh);
  CHECK(unmet_wh < 1);
}

TEST_CASE("A battery that fills up from the grid takes the whole cheap time for it") {
  HomePrices p = flat();
  for (std::size_t k = 0; k < 24; ++k) p.eur_per_kwh[k] = 0.1;
  HomeNow now = evening();
  now.ev_wanted_wh = now.load_w = now.heat_pump_w = 0;
  // 4 kWh of 8, in six hours less a slot, with losses.
  const double w = plan_by_price(all_devices(), now, p).battery_w;
  CHECK(w == doctest::Approx(4000 / std::sqrt(0.9) / 5.75));
  now.pv_w = 3000;  // surplus is taken beside that
  CHECK(plan_by_price(all_devices(), now, p).battery_w == 3000);
}

TEST_CASE("Heat waits in dear slots while it is warm, the battery keeps its charge for them") {
  HomePrices p = flat();
  p.eur_per_kwh[0] = 0.5;
  CHECK(plan_by_price(all_devices(), evening(), p).heat_pump_w == 0);
  HomeNow cold = evening();
  cold.warmth_k = 0.1;
  CHECK(plan_by_price(all_devices(), cold, p).heat_pump_w == 2000);
  HomePrices later = flat();
  for (std::size_t k = 30; k < 40; ++k) later.eur_per_kwh[k] = 0.5;
  later.eur_per_kwh[90] = 0.1;
  CHECK(plan_by_price(all_devices(), evening(), later).battery_w == 0);
  later.eur_per_kwh[0] = 0.05;  // one slot alone
  CHECK(plan_by_price(all_devices(), evening(), later).battery_w == 4000);
}

TEST_CASE(
    "Where peaks cost, a car charges at what just suffices or stays below the peak there is") {
  HomePrices p = flat();
  p.eur_per_kw = 4;
  CHECK(plan_by_price(all_devices(), evening(), p).ev_w == doctest::Approx(4140));
  p.peak_w = 9000;
  CHECK(plan_by_price(all_devices(), evening(), p).ev_w == doctest::Approx(6000));
}

TEST_CASE("Dimmed devices draw the limit together, heat first, and own PV beside it") {
  HomeLimits limits;
  limits.controllable_w = 7560;
  const HomePlan wanted = plan_by_price(all_devices(), evening(), flat());
  const HomePlan plan = within_limits(all_devices(), evening(), wanted, limits);
  CHECK(plan.heat_pump_w == 2000);
  CHECK(plan.ev_w == 5560);
  CHECK(plan.load_w == 1000);
  const HomeSetPoints s = set_points_for(all_devices(), evening(), plan, limits);
  REQUIRE(s.ev_limit_w);
  CHECK(*s.ev_limit_w == 5560);
  HomeNow noon = evening();
  noon.pv_w = 4000;
  const HomePlan more =
      within_limits(all_devices(), noon, plan_by_price(all_devices(), noon, flat()), limits);
  CHECK(more.ev_w == 5560 + 3000);
}

TEST_CASE("A charger that would have to go below six amperes waits") {
  HomeLimits limits;
  limits.controllable_w = 4200;
  const HomePlan plan = within_limits(all_devices(), evening(),
                                      plan_by_price(all_devices(), evening(), flat()), limits);
  CHECK(plan.heat_pump_w == 2000);
  CHECK(plan.ev_w == 0);
}

TEST_CASE("An import limit takes the car before the heat, an export limit fills before it cuts") {
  HomeLimits limits;
  limits.import_w = 0;
  const HomePlan wanted = plan_by_price(all_devices(), evening(), flat());
  const HomePlan plan = within_limits(all_devices(), evening(), wanted, limits);
  CHECK(plan.ev_w == 0);
  CHECK(plan.net_w() <= 0);

  HomeNow noon;
  noon.load_w = 500;
  noon.pv_w = 8000;
  noon.battery_charge = 1;  // full
  HomeLimits out;
  out.export_w = 3000;
  const HomePlan sunny =
      within_limits(all_devices(), noon, plan_by_price(all_devices(), noon, flat()), out);
  CHECK(-sunny.net_w() == doctest::Approx(3000));
  CHECK(sunny.pv_w == doctest::Approx(3500));
  noon.battery_charge = 0.5;
  const HomePlan stored =
      within_limits(all_devices(), noon, plan_by_price(all_devices(), noon, flat()), out);
  CHECK(stored.pv_w == doctest::Approx(7500));
  CHECK(stored.battery_w == doctest::Approx(4000));
}

TEST_CASE("Flexibility is what the devices can do at once, and a shift does it") {
  const HomeDevices d = all_devices();
  const HomeNow now = evening();
  const HomePlan wanted = plan_by_price(d, now, flat());
  const HomeFlexibility f = flexibility_of(d, now, wanted);
  CHECK(f.down_w == doctest::Approx(13000));  // car and heat; the battery gives all it can
  CHECK(f.up_w == doctest::Approx(8000));     // the battery turns round
  HomeLimits limits;
  limits.shift_w = -3000;
  const HomePlan down = within_limits(d, now, wanted, limits);
  CHECK(wanted.net_w() - down.net_w() == doctest::Approx(3000));
  limits.shift_w = 2500;
  const HomePlan up = within_limits(d, now, wanted, limits);
  CHECK(up.net_w() - wanted.net_w() == doctest::Approx(2500));
}

TEST_CASE("Of an import is of use what runs without the car, and from six amperes on") {
  const HomeDevices d = all_devices();
  HomeNow now = evening();
  HomePlan plan = plan_by_price(d, now, flat());
  plan.battery_w = 500;  // charging counts as what can wait
  ImportUse use = import_use_of(d, now, plan);
  CHECK(use.idle_w == 3000);
  CHECK(use.least_w == 3000 + 4140);
  CHECK(use.slack_h == doctest::Approx(10));  // two of twelve hours at full power
  now.ev_hours = 1;
  CHECK(import_use_of(d, now, plan).slack_h == 0);
  plan.ev_w = 0;  // waits by itself
  CHECK(import_use_of(d, now, plan).least_w == 3000);
  now.ev_wanted_wh = 0;
  use = import_use_of(d, now, plan);
  CHECK(use.slack_h == no_limit);
}
