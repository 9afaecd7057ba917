// Exact plans, carried out minute by minute: against every other plan of a tiny day, and against
// the rules on longer ones.

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

#include "ai/home_schedule.hpp"
#include "ledger/base/rng.hpp"

using namespace ai;
using ledger::Rng;

namespace {

constexpr double slot_h = 0.25;
constexpr double sell = 0.08;

struct Day {
  std::vector<double> price;          // EUR/kWh, by slot
  std::vector<std::int64_t> rest_wh;  // by slot, spread evenly; below 0 it is of PV
};

HomeDevices battery_home(double wh, double w) {
  HomeDevices d;
  d.battery_wh = wh;
  d.battery_w = w;
  d.battery_round_trip = 0.9025;
  return d;
}

HomeDevices car_home() {
  HomeDevices d;
  d.ev_w = 11000;
  d.ev_least_w = 4140;
  return d;
}

struct Outcome {
  double eur = 0, stored_wh = 0, unmet_wh = 0;
};

// Minute by minute, as a home's manager would; a slot's energy is settled by its balance.
Outcome live(const HomeDevices& d, const Day& day, Schedule schedule, double stored_wh,
             double wanted_wh, double departure_h) {
  HomeSchedule exact;
  Outcome out{0, stored_wh, wanted_wh};
  const double efficiency = std::sqrt(d.battery_round_trip);
  for (std::size_t s = 0; s < day.price.size(); ++s) {
    double flow_wh = 0;
    for (int m = 0; m < 15; ++m) {
      HomeNow now;
      const double rest_w = static_cast<double>(day.rest_wh[s]) / slot_h;
      (rest_w > 0 ? now.load_w : now.pv_w) = std::abs(rest_w);
      now.battery_charge = d.battery_wh > 0 ? out.stored_wh / d.battery_wh : 0;
      const double hour = static_cast<double>(s) * slot_h + m / 60.0;
      if (hour < departure_h) {
        now.ev_wanted_wh = out.unmet_wh;
        now.ev_hours = departure_h - hour;
      }
      HomePrices p{{day.price.begin() + static_cast<std::ptrdiff_t>(s), day.price.end()},
                   slot_h,
                   static_cast<std::uint32_t>(s),
                   sell};
      const std::span<const std::int64_t> ahead = std::span(day.rest_wh).subspan(s);
      const HomePlan plan = schedule == Schedule::optimal ? exact.plan(d, now, p, ahead, m / 60.0)
                                                          : plan_by_price(d, now, p);
      const double ev_w = std::min(plan.ev_w, now.ev_wanted_wh * 60);
      // As a battery does: no more than there is, or room for.
      const double room_w = (d.battery_wh - out.stored_wh) / efficiency * 60;
      const double there_w = out.stored_wh * efficiency * 60;
      const double battery_w = std::clamp(plan.battery_w, -there_w, room_w);
      out.stored_wh += (battery_w > 0 ? battery_w * efficiency : battery_w / efficiency) / 60;
      out.unmet_wh -= ev_w / 60;
      flow_wh += (rest_w + ev_w + battery_w) / 60;
    }
    out.eur += flow_wh / 1000 * (flow_wh > 0 ? day.price[s] : sell);
  }
  return out;
}

// By trying every level at each slot's end.
double least_eur(const Day& day, const BatteryTask& t, std::size_t slot, std::size_t level) {
  if (slot == day.price.size()) return 0;
  double least = 1e9;
  for (std::size_t j = 0; j <= t.levels; ++j) {
    const std::int64_t moved = terminal_wh(t, level, j);
    if (std::abs(moved) > t.most_wh) continue;
    const double flow_kwh = static_cast<double>(day.rest_wh[slot] + moved) / 1000;
    least = std::min(
        least, flow_kwh * (flow_kwh > 0 ? day.price[slot] : sell) + least_eur(day, t, slot + 1, j));
  }
  return least;
}

// The cheapest choice of `wanted` whole slots of full power among all.
double least_car_eur(const Day& day, std::size_t wanted) {
  double least = 1e9;
  for (unsigned chosen = 0; chosen < 1u << day.price.size(); ++chosen) {
    double eur = 0;
    std::size_t count = 0;
    for (std::size_t s = 0; s < day.price.size(); ++s) {
      const bool charges = chosen >> s & 1;
      count += charges;
      const double kwh = static_cast<double>(day.rest_wh[s]) / 1000 + (charges ? 2.75 : 0);
      eur += kwh * (kwh > 0 ? day.price[s] : sell);
    }
    if (count == wanted) least = std::min(least, eur);
  }
  return least;
}

Day random_day(Rng& rng, std::size_t slots, std::int64_t most_wh) {
  Day day;
  for (std::size_t s = 0; s < slots; ++s) {
    day.price.push_back(0.15 + 0.01 * static_cast<double>(rng.below(35)));
    day.rest_wh.push_back(static_cast<std::int64_t>(rng.below(2 * most_wh + 1)) - most_wh);
  }
  return day;
}

}  // namespace

TEST_CASE("a battery that follows exact plans costs what the best of all plans costs") {
  const HomeDevices d = battery_home(4000, 1600);
  BatteryTask t;
  t.level_wh = 100;
  t.levels = 40;
  t.most_wh = 400;
  t.efficiency_permille = 950;
  Rng rng(3);
  double gained = 0;
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    const Day day = random_day(rng, 5, 400);
    const double best = least_eur(day, t, 0, 20);
    const Outcome found = live(d, day, Schedule::optimal, 2000, 0, 0);
    CAPTURE(best);
    // A manager leaves the last hundredth, 40 Wh at 0.50 EUR/kWh, where it is; between its levels a
    // battery can be a little better than the table.
    CHECK(found.eur <= best + 0.02);
    CHECK(found.eur >= best - 0.02);
    gained += live(d, day, Schedule::rule, 2000, 0, 0).eur - found.eur;
  }
  CHECK(gained > 0.5);
}

TEST_CASE("a car that follows exact plans costs what the best choice of slots costs") {
  Rng rng(4);
  for (int i = 0; i < 40; ++i) {
    CAPTURE(i);
    Day day = random_day(rng, 8, 300);
    for (std::int64_t& wh : day.rest_wh) wh = std::abs(wh);
    const std::size_t wanted = 1 + rng.below(7);
    const Outcome found =
        live(car_home(), day, Schedule::optimal, 0, 2750 * static_cast<double>(wanted), 2);
    CHECK(found.unmet_wh < 3);  // plans are in whole Wh, rounded down
    CHECK(found.eur == doctest::Approx(least_car_eur(day, wanted)).epsilon(0.002));
  }
}

TEST_CASE("no day with known prices and loads costs more by exact plans than by the rule") {
  Rng rng(5);
  double gained = 0;
  for (int i = 0; i < 12; ++i) {
    CAPTURE(i);
    HomeDevices d = battery_home(7000, 3500);
    d.ev_w = 11000;
    d.ev_least_w = 4140;
    Day day = random_day(rng, 96, 500);
    for (std::size_t s = 0; s < 96; ++s)  // a tariff of three prices, and sun at noon
      day.price[s] = s < 24 ? 0.22 : 68 <= s && s < 84 ? 0.42 : 0.32;
    for (std::size_t s = 40; s < 60; ++s) day.rest_wh[s] -= 700;
    const Outcome rule = live(d, day, Schedule::rule, 2000, 15000, 7),
                  exact = live(d, day, Schedule::optimal, 2000, 15000, 7);
    CHECK(rule.unmet_wh < 1);
    CHECK(exact.unmet_wh < 3);
    // The day ends with it: what is left in the battery is worth nothing to either.
    CHECK(exact.eur <= rule.eur);
    gained += rule.eur - exact.eur;
  }
  CHECK(gained > 1);
}

TEST_CASE(
    "homes with exact plans take different hours of one cheap time; hostile prices are borne") {
  Day night;
  night.price.assign(24, 0.2);
  night.rest_wh.assign(24, 100);
  std::vector<std::size_t> began;
  for (std::uint64_t lot = 0; lot < 12; ++lot) {
    HomeDevices d = car_home();
    d.lot = lot;
    HomeNow now;
    now.ev_wanted_wh = 11000;
    now.ev_hours = 6;
    HomeSchedule exact;
    for (std::size_t s = 0; s < 24; ++s) {
      HomePrices p{std::vector<double>(24 - s, 0.2), slot_h, static_cast<std::uint32_t>(s), sell};
      now.ev_hours = 6 - slot_h * static_cast<double>(s);
      if (exact.plan(d, now, p, std::span(night.rest_wh).subspan(s), 0).ev_w == 0) continue;
      began.push_back(s);
      break;
    }
  }
  REQUIRE(began.size() == 12);
  std::sort(began.begin(), began.end());
  CHECK(std::unique(began.begin(), began.end()) - began.begin() >= 4);

  HomeDevices d = battery_home(4000, 1600);
  d.ev_w = 11000;
  HomeNow now;
  now.ev_wanted_wh = 5000;
  now.ev_hours = 3;
  for (const double eur : {2000.0, -2000.0}) {
    HomeSchedule exact;
    const HomePlan plan =
        exact.plan(d, now, {{eur, 0.3}, slot_h, 0, sell}, std::span(night.rest_wh), 0.1);
    CHECK(std::isfinite(plan.net_w()));
  }
}

TEST_CASE("by exact plans a battery follows the meter, pays its losses and knows of the car") {
  const HomeDevices d = battery_home(4000, 1600);
  HomeNow now;
  now.battery_charge = 0.5;
  const std::vector<std::int64_t> rest_wh{0, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
  const auto first_w = [&](const HomeDevices& devices, std::vector<double> prices) {
    HomeSchedule exact;
    return exact.plan(devices, now, {std::move(prices), slot_h, 0, sell}, rest_wh, 0).battery_w;
  };
  now.load_w = 777;
  CHECK(first_w(d, {0.31, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3}) == -777);
  now.load_w = 0;
  now.pv_w = 1234;
  CHECK(first_w(d, std::vector(9, 0.3)) == 1234);
  now.pv_w = 0;
  now.battery_charge = 0;
  CHECK(first_w(d, {0.2, 0.215, 0.215}) == 0);  // what comes back of a kWh is 0.9025
  CHECK(first_w(d, {0.2, 0.23, 0.23}) > 0);

  // A car that needs all of both slots: what is stored is for the dearer one.
  HomeDevices both = d;
  both.ev_w = 11000;
  both.ev_least_w = 4140;
  now.battery_charge = 0.08;
  now.load_w = 1000;
  now.ev_wanted_wh = 5500;
  now.ev_hours = 0.5;
  HomeSchedule exact;
  const std::vector<std::int64_t> no_rest{0, 0};
  CHECK(exact.plan(both, now, {{0.3, 0.4}, slot_h, 0, sell}, no_rest, 0).battery_w >= 0);
  now.ev_wanted_wh = 0;
  HomeSchedule alone;
  CHECK(alone.plan(both, now, {{0.3, 0.4}, slot_h, 0, sell}, no_rest, 0).battery_w < 0);
}
