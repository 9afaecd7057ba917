#pragma once
// A photovoltaic plant with its inverter.
//
//   cell temperature  Tc = T + (45 - 20) / 800 G                (NOCT 45 C; Duffie and
//   Beckman, 23.3) direct current    P = P_peak G / 1000 (1 - 0.004 (Tc - 25)) 0.90     wiring,
//   dirt, mismatch alternating       min(0.97 P, inverter limit)

#include "twin/scenario/scenario.hpp"
#include "twin/weather/weather.hpp"

namespace twin {

class Pv {
 public:
  explicit Pv(const PvSpec& spec);
  // W, >= 0: what the plant feeds in under this sky.
  double power_w(const WeatherSample& sky) const;

 private:
  PvSpec spec_;
  double tilt_rad_, azimuth_rad_;
};

}  // namespace twin
