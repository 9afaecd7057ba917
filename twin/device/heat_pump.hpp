#pragma once
// A heat pump that keeps a building and a hot-water tank warm, each as one thermal capacity.
//
//   building  C dT = (Q_h - UA (T - T_out) + Q_gain) dt         set point with +-0.5 K hysteresis
//   tank      C_w dT_w = (Q_w - Q_draw - UA_w (T_w - 20)) dt    48 C +-3 K
//   COP       0.45 (T_sink + 273.15) / (T_sink - T_out + 5), within 1.5 and 6: a share of Carnot's
//             (EN 14825 test points of common air-water units lie within 10 % of it);
//             sink 35 C for heating, 50 C for water
//   power     Q / COP while it runs; the compressor runs for one of the two, water first
// Both temperatures follow their exact exponentials within a step, so that the step's length
// matters only through when the thermostat looks (every step).

#include "twin/scenario/scenario.hpp"

namespace twin {

class HeatPump {
 public:
  // `phase`, 0 to 1: where in their bands both temperatures start, so that homes do not run in
  // step.
  HeatPump(const HeatPumpSpec& spec, double outdoor_c, double phase = 0.5);

  // Electric power over the step, W. `draw_w`: heat taken with hot water, W.
  double step(double outdoor_c, double draw_w, double hours);

  double indoor_c() const { return indoor_c_; }
  double tank_c() const { return tank_c_; }

 private:
  HeatPumpSpec spec_;
  double indoor_c_, tank_c_;
  bool heating_ = false, water_ = false;
};

// Mean heat drawn as hot water at a local hour of the day, W: 4 kWh a day, morning and evening.
double hot_water_draw_w(double hour);

}  // namespace twin
