// What homes say that they plan, and a street whose fee reckons with it.

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <numeric>

#include "ai/home_outlook.hpp"
#include "ai/home_schedule.hpp"
#include "ledger/base/rng.hpp"

using namespace ai;

namespace {

constexpr double slot_h = 0.25;
constexpr std::size_t slots = 56;  // from 17:00 to 7:00

HomeDevices car_of(std::uint64_t lot) {
  HomeDevices d;
  d.ev_w = 11000;
  d.ev_least_w = 4140;
  d.lot = lot;
  return d;
}

HomeNow wanting(double wh, double hours) {
  HomeNow now;
  now.load_w = 1200;
  now.ev_wanted_wh = wh;
  now.ev_hours = hours;
  now.battery_charge = 0.5;
  return now;
}

std::int64_t sum(const std::vector<std::int64_t>& v) {
  return std::accumulate(v.begin(), v.end(), std::int64_t{0});
}

// Twenty homes behind 63 kVA with a car each, and a fee as in twin/congestion/dynamic_grid_fee.hpp.
struct Street {
  std::vector<double> rest_w;  // of all homes together, by slot
  std::vector<std::vector<std::int64_t>> cars_wh =
      std::vector(20, std::vector<std::int64_t>(slots));  // as they plan
  Street() {
    for (std::size_t k = 0; k < slots; ++k) rest_w.push_back(k < 16 ? 22000 : 14000);
  }
  double load_w(std::size_t k) const {
    double out = rest_w[k];
    for (const auto& car : cars_wh) out += static_cast<double>(car[k]) / slot_h;
    return out;
  }
  double peak_w() const {
    double out = 0;
    for (std::size_t k = 0; k < slots; ++k) out = std::max(out, load_w(k));
    return out;
  }
  HomePrices prices(std::size_t home) const {
    HomePrices p;
    for (std::size_t k = 0; k < slots; ++k) {
      const double share = std::clamp((load_w(k) / 63000 - 0.4) / 0.5, 0.0, 1.0);
      p.eur_per_kwh.push_back(0.32 + 0.15 * share);
      p.kept.push_back(cars_wh[home][k] > 0);
    }
    return p;
  }
  void answer(std::size_t home, const HomePrices& p, Schedule schedule) {
    const std::vector<std::int64_t> rest(slots, 800);
    const auto outlook = schedule == Schedule::rule ? outlook_by_price : outlook_of_schedule;
    cars_wh[home] = outlook(car_of(home + 1), wanting(14000, 14), p, rest, 0).car_wh;
  }
};

}  // namespace

TEST_CASE("An outlook brings the car what it wants by when it leaves, by the rule and by plans") {
  ledger::Rng rng(4);
  for (int n = 0; n < 40; ++n) {
    HomePrices p;
    for (std::size_t k = 0; k < slots; ++k) p.eur_per_kwh.push_back(rng.uniform(0.2, 0.5));
    p.kept.assign(slots, false);
    const double wh = rng.uniform(1000, 30000), hours = rng.uniform(4, 13);
    const std::vector<std::int64_t> rest(slots, 300);
    for (const auto outlook : {outlook_by_price, outlook_of_schedule}) {
      const HomeOutlook out = outlook(car_of(7), wanting(wh, hours), p, rest, 0.1);
      CHECK(std::abs(static_cast<double>(sum(out.car_wh)) - wh) < 60);
      const auto leaves = static_cast<std::size_t>((hours + 0.1) / slot_h) + 1;
      CHECK(std::all_of(out.car_wh.begin() + static_cast<std::ptrdiff_t>(leaves), out.car_wh.end(),
                        [](std::int64_t w) { return w == 0; }));
      CHECK(out.car_wh.front() <= 11000 * (slot_h - 0.1) + 1);
      CHECK(sum(out.net_wh) == 300 * static_cast<std::int64_t>(slots) + sum(out.car_wh));
    }
  }
}

TEST_CASE("An outlook of a battery keeps to what it holds, and takes what surplus there is") {
  HomeDevices d;
  d.battery_w = 3000;
  d.battery_wh = 6000;
  d.battery_round_trip = 0.9;
  HomePrices p;
  p.eur_per_kwh.assign(slots, 0.3);
  std::vector<std::int64_t> rest(slots, 200);
  for (std::size_t k = 0; k < 20; ++k) rest[k] = -600;
  HomeNow now = wanting(0, 0);
  now.load_w = 0;
  now.pv_w = 2400;
  for (const auto outlook : {outlook_by_price, outlook_of_schedule}) {
    const HomeOutlook out = outlook(d, now, p, rest, 0);
    REQUIRE(out.net_wh.size() == slots);
    // Half of 6 kWh is free: what surplus fills it, and what it then covers, to a level of 150 Wh.
    const std::int64_t stored = sum({out.net_wh.begin(), out.net_wh.begin() + 20}) + 20 * 600;
    CHECK(std::abs(static_cast<double>(stored) - 3000 / std::sqrt(0.9)) < 160);
    const std::int64_t covered = 36 * 200 - sum({out.net_wh.begin() + 20, out.net_wh.end()});
    CHECK(std::abs(static_cast<double>(covered) - 6000 * std::sqrt(0.9)) < 160);
    CHECK(out.net_wh[22] < 60);
    CHECK(std::all_of(out.net_wh.begin(), out.net_wh.end(),
                      [](std::int64_t wh) { return -600 <= wh && wh <= 200; }));
  }
}

TEST_CASE("Homes that answer in turn to a fee with plans in it fill the valley") {
  for (const Schedule schedule : {Schedule::rule, Schedule::optimal}) {
    Street herd, street;
    for (std::size_t home = 0; home < 20; ++home)
      herd.answer(home, Street().prices(home), schedule);
    for (int round = 0; round < 3; ++round)
      for (std::size_t home = 0; home < 20; ++home)
        street.answer(home, street.prices(home), schedule);
    CAPTURE(herd.peak_w());
    CAPTURE(street.peak_w());
    // 280 kWh in 14 hours are 20 kW above what stands there: 36 kW if they were spread wholly.
    CHECK(street.peak_w() < 0.8 * 63000);
    CHECK(street.peak_w() < herd.peak_w());
    for (const auto& car : street.cars_wh) CHECK(std::abs(sum(car) - 14000) < 60);
  }
}

TEST_CASE("At equal prices cars draw hours where plans count, and keep the hours that they have") {
  HomePrices p;
  p.eur_per_kwh.assign(slots, 0.3);
  CHECK(plan_by_price(car_of(3), wanting(14000, 14), p).ev_w == 11000);
  p.kept.assign(slots, false);
  int begin = 0;
  for (std::uint64_t lot = 1; lot <= 40; ++lot)
    begin += plan_by_price(car_of(lot), wanting(14000, 14), p).ev_w > 0;
  CHECK(begin < 20);
  const std::vector<std::int64_t> rest(slots, 0);
  const auto before = outlook_by_price(car_of(3), wanting(14000, 14), p, rest, 0).car_wh;
  for (std::size_t k = 0; k < slots; ++k) {
    p.kept[k] = before[k] > 0;
    if (p.kept[k]) p.eur_per_kwh[k] += 0.04;  // its own plan made them dearer by a step
  }
  const auto after = outlook_by_price(car_of(3), wanting(14000, 14), p, rest, 0).car_wh;
  CHECK(after == before);
}
