#pragma once
// What set-points came to at one home in a minute.

#include "twin/world/world.hpp"

namespace twin {

struct HomeMinute {
  double curtailed_wh = 0;  // PV that was not fed in
  double shed_wh = 0;       // household load that was not served
  double held_back_wh = 0;  // that car and heat pump would have drawn more; much of it comes later
  double ev_unmet_wh = 0;   // that a car no longer gets before it leaves
  double cold_kh = 0;

  void add(const HomeState& step, double hours) {
    curtailed_wh += step.curtailed_w * hours;
    shed_wh += step.shed_w * hours;
    held_back_wh += (step.ev_held_back_w + step.heat_pump_held_back_w) * hours;
    ev_unmet_wh += step.ev_unmet_wh;
    cold_kh += step.cold_kh;
  }
};

}  // namespace twin
