#include <cmath>
#include <doctest/doctest.h>

#include "twin/device/air_conditioner.hpp"
#include "twin/grid/model/transformer_rating.hpp"

using namespace twin;

namespace {

constexpr AirConditionerSpec spec{3.5, 150, 6, 25, 3};

// A hot day: outside between 22 and 38 C, the sun between 6 and 20 h.
double outdoor_c(double hour) { return 30 + 8 * std::sin((hour - 9) / 12 * M_PI); }
double irradiance(double hour) {
  return hour < 6 || hour > 20 ? 0 : 900 * std::sin((hour - 6) / 14 * M_PI);
}

struct Day {
  double energy_wh = 0, warm_kh = 0, most_w = 0;
  AirConditioner unit{spec, outdoor_c(0)};
};

Day day_in_steps(double hours, const AirConditionerSpec& of = spec,
                 double limit_w = std::numeric_limits<double>::infinity()) {
  Day out;
  out.unit = AirConditioner(of, outdoor_c(0));
  for (double t = 0; t < 24 - hours / 2; t += hours) {
    // Weather that holds for an hour, so that steps of any length see the same.
    const double hour = std::floor(t + 1e-9) + 0.5;
    const AirConditionerStep s = out.unit.step(outdoor_c(hour), irradiance(hour), hours, limit_w);
    out.energy_wh += s.power_w * hours;
    out.warm_kh += s.warm_kh;
    out.most_w = std::max(out.most_w, s.power_w);
  }
  return out;
}

}  // namespace

TEST_CASE("at its set point a unit takes out what comes in, by walls, windows and people") {
  AirConditioner unit(spec, 35);
  CHECK(unit.indoor_c() == 25);
  const AirConditionerStep s = unit.step(35, 500, 0.25);
  CHECK(unit.indoor_c() == 25);
  CHECK(s.power_w == doctest::Approx((150 * 10 + 300 + 3 * 500) / energy_efficiency_ratio(25, 35)));
  CHECK(s.warm_kh == 0);
}

TEST_CASE("its efficiency is that of common split units at the test point, and falls with heat") {
  CHECK(energy_efficiency_ratio(27, 35) == doctest::Approx(3.46).epsilon(0.01));
  CHECK(energy_efficiency_ratio(25, 30) > energy_efficiency_ratio(25, 40));
  CHECK(energy_efficiency_ratio(25, -40) == 8);
  CHECK(energy_efficiency_ratio(25, 500) == 2);
}

TEST_CASE("what a hot day's cooling takes does not depend on the step's length") {
  const Day fine = day_in_steps(1.0 / 720), minute = day_in_steps(1.0 / 60), hour = day_in_steps(1);
  CHECK(fine.energy_wh > 4000);
  CHECK(fine.energy_wh < 20'000);
  CHECK(minute.energy_wh == doctest::Approx(fine.energy_wh).epsilon(1e-6));
  CHECK(hour.energy_wh == doctest::Approx(fine.energy_wh).epsilon(1e-6));
  CHECK(hour.warm_kh == doctest::Approx(fine.warm_kh).epsilon(1e-6).scale(1));
}

TEST_CASE("heat is conserved, and no more is taken out than the unit can") {
  AirConditionerSpec small = spec;
  small.cooling_kw = 1.2;
  for (const double step : {1.0 / 60, 0.25, 1.0}) {
    const Day day = day_in_steps(step, small);
    const CoolingBalance b = day.unit.balance();
    CHECK(b.gained_wh == doctest::Approx(b.taken_out_wh + b.stored_wh).epsilon(1e-9));
    CHECK(b.taken_out_wh <= 24 * 1200 + 1e-6);
    CHECK(day.warm_kh > 5);
    CHECK(day.unit.indoor_c() > 25);
  }
}

TEST_CASE("under a limit it takes no more, and gets warm; without any power it is a building") {
  const Day limited = day_in_steps(0.25, spec, 300), off = day_in_steps(0.25, spec, 0);
  CHECK(limited.most_w <= 300 + 1e-9);
  CHECK(limited.warm_kh > day_in_steps(0.25).warm_kh + 5);
  CHECK(off.energy_wh == 0);
  CHECK(off.warm_kh > limited.warm_kh);
}

TEST_CASE("in a cool night it stands still, and below its set point it does not run") {
  AirConditioner unit(spec, 10);
  CHECK(unit.indoor_c() == 10);
  double used = 0;
  for (int i = 0; i < 96; ++i) used += unit.step(12, 0, 0.25).power_w;
  CHECK(used == 0);
  CHECK(unit.indoor_c() < 15);
}

TEST_CASE(
    "a transformer carries its nameplate at 20 C, and a hundredth less for each kelvin more") {
  CHECK(permissible_load(20) == doctest::Approx(1).epsilon(1e-6));
  CHECK(permissible_load(30) == doctest::Approx(0.906).epsilon(0.002));
  CHECK(permissible_load(40) == doctest::Approx(0.806).epsilon(0.002));
  CHECK(permissible_load(-5) > 1.2);
  CHECK(permissible_load(-60) == 1.3);
  CHECK(permissible_load(95) == 0.5);
  // At what it gives the hot spot is at its limit; written out once more.
  for (double t = -3; t < 60; t += 3.1) {
    const double k = permissible_load(t);
    CHECK(t + 55 * std::pow((1 + 5 * k * k) / 6, 0.8) + 23 * std::pow(k, 1.6) ==
          doctest::Approx(98).epsilon(1e-6));
  }
}
