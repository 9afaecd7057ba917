#pragma once
// A photovoltaic plant with its inverter.
//
//   cell temperature  Tc = T + (45 - 20) / 800 G      (NOCT 45 C; Duffie and Beckman, 23.3)
//   direct current    P = P_peak G / 1000 (1 - 0.004 (Tc - 25)) 0.90    (wiring, dirt, mismatch)
//   alternating       min(0.97 P, inverter limit)
// G is the irradiance on the plant's plane; what the inverter's limit cuts was never generated.

#include "twin/scenario/scenario.hpp"
#include "twin/weather/weather.hpp"

namespace twin {

class Pv {
 public:
  // `cloud_lag_s`: how much later than at the village's centre clouds reach this roof.
  explicit Pv(const PvSpec& spec, double cloud_lag_s = 0);
  // W, >= 0: what the plant feeds in under this sky.
  double power_w(const WeatherSample& sky) const;

 private:
  PvSpec spec_;
  double tilt_rad_, azimuth_rad_, cloud_lag_s_;
};

}  // namespace twin
