#pragma once
// An air conditioner that keeps a building from getting warmer than its set point. An inverter
// drives it, so that it takes what is needed, up to its cooling power.
//
//   building   C dT = (UA (T_out - T) + gain + A G - Q) dt     A: the window area that lets all of
//                                                             the global irradiance G in
//   unit       at the set point Q holds it, as far as the cooling power reaches; above it, at full
//              power, until the set point is met; below it Q = 0
//   EER        0.4 (T_in - 15 + 273.15) / (T_out - T_in + 25), within 2 and 8: a share of Carnot's
//              with an evaporator 15 K below the room and a condenser 10 K above the air outside;
//              3.5 at 27 C inside and 35 C outside (EN 14511), as common split units have
//   power      Q / EER;        set-point P_max: Q at most P_max EER
// The temperature follows its exact exponential and the unit changes its mind at the moment at
// which the set point is met, inside a step too. It starts at its set point, or as warm as outside
// where that is less.

#include <limits>

#include "twin/scenario/scenario.hpp"

namespace twin {

struct AirConditionerStep {
  double power_w = 0;  // electric, mean
  double warm_kh = 0;  // kelvin-hours above the set point
};

// Heat since the start, Wh: gained = taken out + stored. Gained through walls, windows, and from
// people and appliances.
struct CoolingBalance {
  double gained_wh = 0, taken_out_wh = 0, stored_wh = 0;
};

class AirConditioner {
 public:
  AirConditioner(const AirConditionerSpec& spec, double outdoor_c);

  // `limit_w`: electric.
  AirConditionerStep step(double outdoor_c, double irradiance_w_m2, double hours,
                          double limit_w = std::numeric_limits<double>::infinity());

  double indoor_c() const { return indoor_c_; }
  CoolingBalance balance() const;

 private:
  double run(double outdoor_c, double gain_w, double left_h, double limit_w,
             AirConditionerStep& sum);

  double wh_per_k_, ua_w_per_k_, set_point_c_, window_m2_, cooling_w_;
  double indoor_c_, start_c_;
  double gained_wh_ = 0, taken_out_wh_ = 0;
};

double energy_efficiency_ratio(double indoor_c, double outdoor_c);

}  // namespace twin
