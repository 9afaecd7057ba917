#pragma once
// A heat pump that keeps a building and a hot-water tank warm, each as one thermal capacity.
//
//   building  C dT = (Q_h - UA (T - T_out) + Q_gain) dt         set point with +-0.5 K hysteresis
//   tank      C_w dT_w = (Q_w - Q_draw - UA_w (T_w - 20)) dt    48 C +-3 K
//   COP       0.45 (T_sink + 273.15) / (T_sink - T_out + 5), within 1.5 and 6: a share of Carnot's
//             (EN 14825 test points of common air-water units lie within 10 % of it);
//             sink 35 C for heating, 50 C for water
//   power     Q / COP while it runs; the compressor runs for one of the two, water first
//   set-point P_max: Q = min(thermal power, P_max COP); below 30 % of its power it cannot run
// Both temperatures follow their exact exponentials, and the thermostats switch at the moment at
// which a temperature meets its threshold, inside a step too: for the same weather and draw a
// result does not depend on the step's length beyond rounding.

#include <limits>

#include "twin/scenario/scenario.hpp"

namespace twin {

struct HeatPumpStep {
  double power_w = 0;      // electric, mean
  double held_back_w = 0;  // mean that it would have drawn more without the set-point
  double blocked_s = 0;    // wanted to run and was not allowed to at all
  double cold_kh = 0;      // kelvin-hours below the building's lower threshold
};

// Heat since the start, Wh: delivered + gained = lost + drawn + stored.
struct HeatBalance {
  double delivered_wh = 0, gained_wh = 0;  // by the pump; by people and appliances
  double lost_wh = 0, drawn_wh = 0;        // through walls and insulation; as hot water
  double stored_wh = 0;                    // in building and tank
};

class HeatPump {
 public:
  // `phase`, 0 to 1: where in their bands both temperatures start, so that homes do not run in
  // step.
  HeatPump(const HeatPumpSpec& spec, double outdoor_c, double phase = 0.5);

  // `draw_w`: heat taken with hot water, W. `limit_w`: electric.
  HeatPumpStep step(double outdoor_c, double draw_w, double hours,
                    double limit_w = std::numeric_limits<double>::infinity());

  double indoor_c() const { return building_.t_c; }
  double low_c() const { return low_c_; }  // below it the building is cold
  double tank_c() const { return tank_.t_c; }
  HeatBalance balance() const;

 private:
  // One capacity with its loss, under constant flows for a part of a step.
  struct Store {
    double wh_per_k, ua_w_per_k;
    double t_c;
    double tau_h = wh_per_k / ua_w_per_k, start_c = t_c;
    double settled = 0;  // 1 - exp(-h / tau) for a whole step

    double part_settled(double hours) const;
    // Hours until it meets a threshold on its way to `rest_c`; infinite if not within a part in
    // which it settles as told.
    double hours_to(double threshold_c, double rest_c, double in_part) const;
    // Moves on; gives the integral of its temperature, K h.
    double move(double rest_c, double hours, double in_part);
  };
  struct Running {
    double heat_w = 0, power_w = 0, wanted_w = 0;
  };
  void look_at_thermostats();
  Running running(double outdoor_c, double limit_w) const;
  // Runs until the step's end or the next threshold; the hours that took.
  double run(double outdoor_c, double draw_w, double left_h, double limit_w, HeatPumpStep& sum);

  Store building_, tank_;
  double thermal_w_, low_c_, high_c_;
  double step_h_ = 0;  // whose `settled` the stores keep
  bool heating_ = false, water_ = false;
  HeatBalance balance_;
};

// Mean heat drawn as hot water at a local hour of the day, W: 4 kWh a day, morning and evening.
double hot_water_draw_w(double hour);

}  // namespace twin
