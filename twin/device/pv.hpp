#pragma once
// A photovoltaic plant with its inverter.
//
//   cell temperature   Tc = T + G / (25 + 6.84 v)                       (Faiman, 2008; IEC 61853-2)
//   direct current     P = P_peak G / 1000 (1 - 0.004 (Tc - 25)) 0.90   (wiring, dirt, mismatch)
//   available          P_ac = 0.96 / 0.9637 (-0.0162 P^2 / P_0 + 0.9858 P - 0.0059 P_0), within 0
//                      and the inverter's limit P_lim = 0.96 P_0       (PVWatts version 5: Dobos,
//                      NREL/TP-6A20-62641, 2014)
//   fed in             min(available, set-point);       curtailed = available - fed in
//   standby            0.0005 P_lim drawn while nothing is available
// G: irradiance that reaches the cells (irradiance.hpp), v: wind. What the inverter's own limit
// cuts was never available and is not curtailed.

#include <limits>
#include <span>

#include "twin/scenario/scenario.hpp"
#include "twin/weather/weather.hpp"

namespace twin {

struct PvStep {
  double fed_in_w = 0, curtailed_w = 0, standby_w = 0;  // all >= 0, means over the step
};

class Pv {
 public:
  // `cloud_lag_s`: how much later than at the village's centre clouds reach this roof.
  explicit Pv(const PvSpec& spec, double cloud_lag_s = 0);

  // W, >= 0: what the plant could feed in under this sky.
  double available_w(const WeatherSample& sky) const;
  // Over a step whose equal pieces see these skies, with at most `limit_w` fed in.
  PvStep step(std::span<const WeatherSample> skies,
              double limit_w = std::numeric_limits<double>::infinity()) const;

 private:
  Plane plane_;
  double cloud_lag_s_;
  double dc_w_per_w_m2_;             // at 25 C
  double square_, line_, constant_;  // the inverter's curve
  double limit_w_;
};

}  // namespace twin
