#include <cmath>
#include <doctest/doctest.h>

#include "twin/device/battery.hpp"
#include "twin/device/ev.hpp"
#include "twin/device/heat_pump.hpp"
#include "twin/device/pv.hpp"
#include "twin/weather/weather.hpp"

using namespace twin;
using ledger::Instant;
using ledger::Rng;

namespace {

const ledger::CivilTime midsummer = *ledger::from_rfc3339("2026-06-21T00:00:00+02:00");

Weather clear_sky() {
  WeatherSpec spec;
  spec.latitude_deg = 48.8;
  spec.longitude_deg = 9.2;
  spec.cloudiness = 0;
  return {spec, midsummer, Rng(1)};
}

// kWh over a time, from mean powers of steps.
template <class Power>
double energy_kwh(ledger::Duration length, ledger::Duration step, Power&& power_w) {
  double wh = 0;
  for (Instant t; t < Instant{} + length; t = t + step)
    wh += power_w(t, step) * step.seconds() / 3600;
  return wh / 1000;
}

}  // namespace

TEST_CASE("the sun stands where an almanac has it") {
  const Weather sky = clear_sky();
  // Stuttgart, 21 June 2026: solar noon near 13:25 CEST at 64.6 degrees, sunset near 21:29.
  const WeatherSample noon = sky.at(Instant{} + ledger::minutes(13 * 60 + 25));
  CHECK(std::asin(noon.sun.up) * 57.29578 == doctest::Approx(64.6).epsilon(0.005));
  CHECK(std::atan2(-noon.sun.east, -noon.sun.north) * 57.29578 + 180 ==
        doctest::Approx(180).epsilon(0.01));
  CHECK(sky.at(Instant{} + ledger::minutes(21 * 60 + 10)).sun.up > 0);
  CHECK(sky.at(Instant{} + ledger::minutes(21 * 60 + 45)).sun.up < 0);
  CHECK(sky.at(Instant{} + ledger::hours(1)).light.ghi_w_m2 == 0);
  CHECK(noon.light.ghi_w_m2 > 850);
  CHECK(noon.light.ghi_w_m2 < 1000);
  CHECK(noon.light.dhi_w_m2 + noon.light.dni_w_m2 * noon.sun.up ==
        doctest::Approx(noon.light.ghi_w_m2).epsilon(1e-9));
}

TEST_CASE("clouds take light away, the same at every look, and never add any") {
  WeatherSpec spec;
  spec.cloudiness = 0.6;
  const Weather cloudy(spec, midsummer, Rng(5)), same(spec, midsummer, Rng(5));
  spec.cloudiness = 0;
  const Weather clear(spec, midsummer, Rng(5));
  double with = 0, without = 0;
  for (int m = 0; m < 1440; m += 3) {
    const Instant t = Instant{} + ledger::minutes(m);
    CHECK(cloudy.at(t).light.ghi_w_m2 == same.at(t).light.ghi_w_m2);
    CHECK(cloudy.at(t).light.ghi_w_m2 <= clear.at(t).light.ghi_w_m2 + 1e-9);
    with += cloudy.at(t).light.ghi_w_m2;
    without += clear.at(t).light.ghi_w_m2;
  }
  CHECK(with < 0.85 * without);
  CHECK(with > 0.3 * without);
}

TEST_CASE("a south roof yields what one does on a clear June day, and obeys its inverter") {
  const Weather sky = clear_sky();
  const Pv roof({5, 30, 180, 4.5}), small({5, 30, 180, 2});
  const auto day = [&](const Pv& pv) {
    return energy_kwh(ledger::hours(24), ledger::minutes(1),
                      [&](Instant t, ledger::Duration) { return pv.available_w(sky.at(t)); });
  };
  CHECK(day(roof) / 5 > 6.0);  // kWh a kW of peak
  CHECK(day(roof) / 5 < 8.0);
  for (int h = 0; h < 24; ++h) {
    const double w = small.available_w(sky.at(Instant{} + ledger::hours(h)));
    CHECK(w >= 0);
    CHECK(w <= 2000);
  }
}

TEST_CASE("a battery stays within its limits, and every Wh is stored, given back or lost") {
  for (const double hours : {1.0 / 3600, 5.0 / 3600, 0.25, 1.0}) {
    BatterySpec spec;
    spec.capacity_kwh = 8;
    spec.power_kw = 4;
    Battery battery(spec);
    const double start_wh = battery.energy_wh();
    Rng rng(2);
    double terminal_wh = 0;
    for (int i = 0; i < 5000; ++i) {
      const double p = battery.step(rng.uniform(-9000, 9000), hours);
      terminal_wh += p * hours;
      CHECK(std::abs(p) <= 4000);
      CHECK(battery.energy_wh() >= 0);
      CHECK(battery.energy_wh() <= 8000);
    }
    const double left = terminal_wh - (battery.energy_wh() - start_wh) - battery.losses_wh();
    CHECK(std::abs(left) < 1e-9 * (std::abs(terminal_wh) + battery.losses_wh()));
    CHECK(battery.losses_wh() > 0);
  }
}

TEST_CASE("a battery's result for a constant set-point does not depend on the step") {
  double ends[3];
  int k = 0;
  for (const double hours : {1.0 / 720, 1.0 / 60, 0.25}) {
    BatterySpec spec;
    spec.capacity_kwh = 5;
    spec.power_kw = 3;
    Battery battery(spec);
    for (double t = 0; t < 1 - 1e-9; t += hours) battery.step(2000, hours);
    ends[k++] = battery.energy_wh();
  }
  CHECK(ends[0] == doctest::Approx(ends[1]).epsilon(1e-9));
  CHECK(ends[1] == doctest::Approx(ends[2]).epsilon(1e-9));
}

TEST_CASE("a car takes each day's energy once, for any step") {
  EvSpec spec;
  const auto of_step = [&](ledger::Duration step) {
    Ev car(spec, midsummer, Rng(4));
    return energy_kwh(ledger::hours(24 * 14), step,
                      [&](Instant t, ledger::Duration d) { return car.step(t, d).power_w; });
  };
  const double fine = of_step(ledger::seconds(5));
  CHECK(fine > 20);
  CHECK(of_step(ledger::minutes(1)) == doctest::Approx(fine).epsilon(1e-9));
  CHECK(of_step(ledger::minutes(15)) == doctest::Approx(fine).epsilon(1e-9));
}

TEST_CASE("a heat pump keeps house and tank warm with less power than it gives") {
  for (const double outdoor : {-7.0, 2.0, 12.0}) {
    HeatPumpSpec spec;
    HeatPump pump(spec, outdoor);
    double electric_wh = 0;
    for (int s = 0; s < 5 * 1440; ++s) {
      electric_wh += pump.step(outdoor, hot_water_draw_w(s / 60 % 24), 1.0 / 60).power_w / 60;
      if (s < 1440) continue;
      CHECK(pump.indoor_c() > spec.set_point_c - 1.5);
      CHECK(pump.indoor_c() < spec.set_point_c + 1.5);
      CHECK(pump.tank_c() > 40);
      CHECK(pump.tank_c() < 56);
    }
    const double heat_wh = 5 * 24 * (spec.heat_loss_w_per_k * (spec.set_point_c - outdoor) - 300);
    CHECK(electric_wh < 0.6 * (heat_wh + 5 * 4000));
    CHECK(electric_wh > 0.15 * heat_wh);
  }
  double day_wh = 0;
  for (int m = 0; m < 1440; ++m) day_wh += hot_water_draw_w(m / 60.0) / 60;
  CHECK(day_wh == doctest::Approx(4000).epsilon(0.01));
}
