// Energy of every device is conserved to 1e-9, and results do not depend on the step's length.

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

#include "twin/device/battery.hpp"
#include "twin/device/ev.hpp"
#include "twin/device/heat_pump.hpp"
#include "twin/device/pv.hpp"

using namespace twin;
using ledger::Duration;
using ledger::Instant;
using ledger::Rng;

namespace {

const ledger::CivilTime monday = *ledger::from_rfc3339("2026-03-09T00:00:00+01:00");
const Duration steps[] = {ledger::seconds(1), ledger::seconds(5), ledger::seconds(60),
                          ledger::seconds(900)};

double hours(Duration d) { return d.seconds() / 3600; }

// A number that holds for a quarter-hour: the same profile for every step length.
double of_quarter(Instant t, std::uint64_t seed, double low, double high) {
  return Rng(seed)
      .fork("quarter", static_cast<std::uint64_t>(t.ns / 900'000'000'000))
      .uniform(low, high);
}

bool close(double a, double b, double relative) {
  return std::abs(a - b) <= relative * std::max({std::abs(a), std::abs(b), 1e-300});
}

struct BatteryRun {
  double terminal_wh = 0, stored_wh = 0, losses_wh = 0;
};

BatteryRun run_battery(Duration step, bool& inside) {
  BatterySpec spec;
  spec.capacity_kwh = 7;
  spec.power_kw = 3.5;
  Battery battery(spec);
  BatteryRun run;
  for (Instant t; t < Instant{} + ledger::hours(24); t = t + step) {
    const double p = battery.step(of_quarter(t, 3, -6000, 6000), hours(step));
    run.terminal_wh += p * hours(step);
    inside =
        inside && battery.energy_wh() >= 0 && battery.energy_wh() <= 7000 && std::abs(p) <= 3500;
  }
  run.stored_wh = battery.stored_wh();
  run.losses_wh = battery.losses_wh();
  return run;
}

struct HeatRun {
  double electric_wh = 0, held_back_wh = 0, blocked_s = 0, cold_kh = 0, indoor_c = 0, tank_c = 0;
  HeatBalance balance;
};

// `limit`: for a quarter-hour; outdoor temperature and draw hold for one as well.
template <class Limit>
HeatRun run_heat_pump(Duration step, const HeatPumpSpec& spec, int days, Limit&& limit) {
  HeatPump pump(spec, -3, 0.3);
  HeatRun run;
  for (Instant t; t < Instant{} + ledger::hours(24 * days); t = t + step) {
    const HeatPumpStep did =
        pump.step(of_quarter(t, 5, -6, 4), of_quarter(t, 6, 0, 900), hours(step), limit(t));
    run.electric_wh += did.power_w * hours(step);
    run.held_back_wh += did.held_back_w * hours(step);
    run.blocked_s += did.blocked_s;
    run.cold_kh += did.cold_kh;
  }
  run.indoor_c = pump.indoor_c();
  run.tank_c = pump.tank_c();
  run.balance = pump.balance();
  return run;
}

double free_of_limits(Instant) { return std::numeric_limits<double>::infinity(); }

}  // namespace

TEST_CASE("a battery's terminals give what it stores and loses, at every step length") {
  BatteryRun first;
  for (const Duration step : steps) {
    CAPTURE(step.seconds());
    bool inside = true;
    const BatteryRun run = run_battery(step, inside);
    CHECK(inside);
    CHECK(run.losses_wh > 100);
    CHECK(std::abs(run.terminal_wh - run.stored_wh - run.losses_wh) < 1e-9 * run.losses_wh);
    if (step == steps[0]) first = run;
    CHECK(close(run.terminal_wh, first.terminal_wh, 1e-9));
    CHECK(close(run.losses_wh, first.losses_wh, 1e-9));
  }
}

TEST_CASE("a battery cannot be charged when full nor discharged when empty") {
  BatterySpec spec;
  spec.capacity_kwh = 2;
  spec.power_kw = 5;
  for (const double sign : {1.0, -1.0}) {
    Battery battery(spec);
    for (int i = 0; i < 10; ++i) battery.step(sign * 5000, 0.25);
    CHECK(battery.energy_wh() == (sign > 0 ? 2000 : 0));
    CHECK(battery.step(sign * 5000, 0.25) == 0);
  }
}

TEST_CASE("heat in is heat out, in the building and in the tank, to 1e-9") {
  for (const Duration step : steps) {
    CAPTURE(step.seconds());
    const HeatRun run = run_heat_pump(step, {}, 4, free_of_limits);
    const HeatBalance& b = run.balance;
    const double in = b.delivered_wh + b.gained_wh, out = b.lost_wh + b.drawn_wh + b.stored_wh;
    CHECK(in > 100'000);
    CHECK(close(in, out, 1e-9));
    CHECK(run.electric_wh < b.delivered_wh / 1.5);
    CHECK(run.electric_wh > b.delivered_wh / 6);
    CHECK(run.held_back_wh == 0);
    CHECK(run.blocked_s == 0);
  }
}

TEST_CASE("a heat pump's thermostats switch within the step: the result is the same for any") {
  HeatPumpSpec nervous;  // many cycles a quarter-hour
  nervous.thermal_kw = 40;
  nervous.capacity_kwh_per_k = 0.7;
  nervous.tank_litres = 30;
  const auto dimmed = [](Instant t) { return of_quarter(t, 7, 0, 4000); };
  for (const HeatPumpSpec& spec : {HeatPumpSpec{}, nervous})
    for (const bool limited : {false, true}) {
      const auto limit = [&](Instant t) { return limited ? dimmed(t) : free_of_limits(t); };
      const HeatRun first = run_heat_pump(steps[0], spec, 2, limit);
      for (const Duration step : steps) {
        CAPTURE(step.seconds());
        const HeatRun run = run_heat_pump(step, spec, 2, limit);
        CHECK(close(run.electric_wh, first.electric_wh, 1e-7));
        CHECK(std::abs(run.indoor_c - first.indoor_c) < 1e-5);
        CHECK(std::abs(run.tank_c - first.tank_c) < 1e-5);
        CHECK(std::abs(run.cold_kh - first.cold_kh) < 1e-6);
        CHECK(std::abs(run.blocked_s - first.blocked_s) < 0.1);
      }
    }
}

TEST_CASE("a heat pump keeps its band but where hot water comes first") {
  HeatPumpSpec spec;
  HeatPump pump(spec, -5);
  for (int i = 0; i < 3000; ++i) {
    pump.step(-5, 0, 1.0 / 60);
    CHECK(pump.tank_c() >= 45);
    CHECK(pump.tank_c() <= 51);
    CHECK(pump.indoor_c() <= spec.set_point_c + 0.5);
    CHECK(pump.indoor_c() > spec.set_point_c - 0.6);
  }
}

TEST_CASE("a blocked heat pump draws nothing, its house cools, and it says so") {
  HeatPumpSpec spec;
  HeatPump pump(spec, -5, 0.1), free(spec, -5, 0.1);
  double blocked_s = 0, cold_kh = 0, free_cold_kh = 0, held_back_wh = 0;
  for (int i = 0; i < 360; ++i) {
    const HeatPumpStep did = pump.step(-5, 100, 1.0 / 60, 0);
    CHECK(did.power_w == 0);
    blocked_s += did.blocked_s;
    cold_kh += did.cold_kh;
    held_back_wh += did.held_back_w / 60;
    free_cold_kh += free.step(-5, 100, 1.0 / 60).cold_kh;
  }
  CHECK(blocked_s > 5 * 3600);
  CHECK(held_back_wh > 5 * 2000);
  CHECK(cold_kh > 3);
  CHECK(free_cold_kh < 0.2);
  CHECK(pump.indoor_c() < free.indoor_c() - 1);
  // Back on, it is cold until the lower threshold is met again and no longer.
  double back_kh = 0;
  for (int i = 0; i < 1440; ++i) back_kh = pump.step(-5, 100, 1.0 / 60).cold_kh;
  CHECK(back_kh < 1e-3);
  CHECK(pump.indoor_c() > spec.set_point_c - 0.6);
}

TEST_CASE("a dimmed heat pump draws what it may, or nothing below what it can run at") {
  HeatPumpSpec spec;
  for (const double limit : {1500.0, 900.0, 500.0, 0.0, -10.0}) {
    CAPTURE(limit);
    HeatPump pump(spec, -5, 0.0);
    const HeatPumpStep did = pump.step(-5, 0, 1.0 / 60, limit);
    const HeatPumpStep full = HeatPump(spec, -5, 0.0).step(-5, 0, 1.0 / 60);
    const bool runs = limit >= 0.3 * full.power_w;
    CHECK(did.power_w == doctest::Approx(runs ? limit : 0));
    CHECK(did.power_w + did.held_back_w == doctest::Approx(full.power_w));
    CHECK(did.blocked_s == doctest::Approx(runs ? 0 : 60));
  }
}

TEST_CASE("a car's needs are met or told as unmet, and what it draws is charged or lost") {
  for (const double plug : {11.0, 2.3})
    for (const Duration step : steps) {
      CAPTURE(step.seconds());
      EvSpec spec;
      spec.plug_kw = plug;
      spec.daily_km = 200;
      spec.phases = plug > 4.6 ? 3 : 1;
      Ev car(spec, monday, Rng(8));
      double drawn_wh = 0, unmet_wh = 0;
      for (Instant t; t < Instant{} + ledger::hours(24 * 7); t = t + step) {
        const EvStep did = car.step(t, step);
        drawn_wh += did.power_w * hours(step);
        unmet_wh += did.unmet_wh;
        REQUIRE(did.power_w <= plug * 1000 * (1 + 1e-12));
        REQUIRE(did.deferred_wh == 0);
        REQUIRE(did.held_back_w == 0);
      }
      const EvTotals& sum = car.totals();
      CHECK(close(drawn_wh, sum.delivered_wh, 1e-9));
      CHECK(close(sum.needed_wh, sum.delivered_wh + sum.unmet_wh + sum.wanted_wh, 1e-9));
      CHECK(close(drawn_wh, car.charged_wh() + car.losses_wh(), 1e-9));
      CHECK(car.charged_wh() == doctest::Approx(0.9 * drawn_wh));
      CHECK(close(unmet_wh, sum.unmet_wh, 1e-9));
      CHECK((plug > 5 ? unmet_wh == 0 : unmet_wh > 1000));  // a weak plug, long ways
    }
}

TEST_CASE("a deferred car catches up by departure, or what it missed is unmet: any step alike") {
  EvTotals first;
  // Held back every evening to midnight, dimmed to 4.2 kW until 3:00, stopped on the third night.
  const auto limit = [](Instant t) {
    const std::int64_t hour = t.ns / 3'600'000'000'000;
    if (hour >= 2 * 24 + 12 && hour < 3 * 24 + 12) return 0.0;
    return hour % 24 >= 12 ? 0.0 : hour % 24 < 3 ? 4200.0 : 1e9;
  };
  for (const Duration step : steps) {
    CAPTURE(step.seconds());
    EvSpec spec;
    Ev car(spec, monday, Rng(21)), free(spec, monday, Rng(21));
    double deferred_most = 0, unmet_wh = 0;
    for (Instant t; t < Instant{} + ledger::hours(24 * 5); t = t + step) {
      const EvStep did = car.step(t, step, limit(t));
      free.step(t, step);
      deferred_most = std::max(deferred_most, did.deferred_wh);
      unmet_wh += did.unmet_wh;
      REQUIRE(did.power_w <= limit(t));
      REQUIRE(did.deferred_wh >= 0);
      REQUIRE(std::abs(free.totals().wanted_wh + did.deferred_wh - car.totals().wanted_wh) < 1e-6);
    }
    const EvTotals& sum = car.totals();
    CHECK(close(sum.needed_wh, sum.delivered_wh + sum.unmet_wh + sum.wanted_wh, 1e-9));
    CHECK(sum.needed_wh == doctest::Approx(free.totals().needed_wh));
    CHECK(free.totals().unmet_wh == 0);
    CHECK(unmet_wh > 100);                  // the third night
    CHECK(unmet_wh < 0.5 * sum.needed_wh);  // the others were met
    CHECK(deferred_most > 1000);
    if (step == steps[0]) first = sum;
    CHECK(close(sum.delivered_wh, first.delivered_wh, 1e-9));
    CHECK(close(sum.unmet_wh, first.unmet_wh, 1e-9));
  }
}

TEST_CASE("a set-point below six amperes a phase stops a car; a weak plug stays its own limit") {
  struct Case {
    int phases;
    double plug_kw, limit_w, expected_w;
  };
  for (const Case& c : {Case{3, 11, 4200, 4200},
                        {3, 11, 4000, 0},
                        {1, 3.7, 1400, 1400},
                        {1, 3.7, 1300, 0},
                        {1, 1, 1200, 1000},
                        {3, 11, -5, 0}}) {
    CAPTURE(c.limit_w);
    EvSpec spec;
    spec.plug_kw = c.plug_kw;
    spec.phases = c.phases;
    spec.daily_km = 200;
    Ev car(spec, monday, Rng(4));
    double most = 0;
    for (int q = 0; q < 96; ++q) {
      const Instant from = Instant{} + ledger::minutes(15 * q);
      most = std::max(most, car.step(from, ledger::minutes(15), c.limit_w).power_w);
    }
    CHECK(most == doctest::Approx(c.expected_w));
  }
}

TEST_CASE("a car that is first looked at in the evening has charged since it came") {
  EvSpec spec;
  Ev whole(spec, monday, Rng(30)), late(spec, monday, Rng(30));
  const Instant evening = Instant{} + ledger::hours(19);
  for (Instant t; t < evening; t = t + ledger::minutes(1)) whole.step(t, ledger::minutes(1));
  for (Instant t = evening; t < Instant{} + ledger::hours(48); t = t + ledger::minutes(1))
    CHECK(std::abs(whole.step(t, ledger::minutes(1)).power_w -
                   late.step(t, ledger::minutes(1)).power_w) < 1e-6);
}

TEST_CASE("what PV could give is fed in or curtailed, and at night it draws its standby") {
  WeatherSpec spec;
  spec.cloudiness = 0.5;
  const Weather weather(spec, monday, Rng(2));
  const Pv pv({8, 35, 160, 6}, 20);
  double fed_wh = 0, curtailed_wh = 0, available_wh = 0, standby_wh = 0;
  std::vector<WeatherSample> skies;
  for (Instant t; t < Instant{} + ledger::hours(24); t = t + ledger::minutes(15)) {
    weather.over(t, ledger::minutes(15), skies);
    const PvStep free = pv.step(skies), did = pv.step(skies, 1500), off = pv.step(skies, 0);
    CHECK(did.fed_in_w <= 1500);
    CHECK(free.curtailed_w == 0);
    CHECK(off.fed_in_w == 0);
    CHECK(off.curtailed_w == doctest::Approx(free.fed_in_w));
    CHECK((free.standby_w == 0 || free.fed_in_w < 0.02 * 6000));
    fed_wh += did.fed_in_w / 4;
    curtailed_wh += did.curtailed_w / 4;
    available_wh += free.fed_in_w / 4;
    standby_wh += did.standby_w / 4;
  }
  CHECK(close(available_wh, fed_wh + curtailed_wh, 1e-9));
  CHECK(curtailed_wh > 1000);
  CHECK(fed_wh > 3000);
  CHECK(standby_wh == doctest::Approx(3 * 12.5).epsilon(0.1));  // 0.05 % of 6 kW, a night long
}
