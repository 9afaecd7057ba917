#pragma once
// A home battery, AC-coupled. E: energy in the cells, P: at its terminals, charging positive.
//
//   charging     dE = eta_c P dt          discharging  dE = P / eta_d dt      0 <= E <= capacity
//   standby      P_s drawn at all times from the house, not from the cells
// A step that would pass a limit is done with the power that just reaches it, so that results hold
// for any step length. Losses: (1 - eta_c) P dt, (1 / eta_d - 1) |P| dt. Standby is consumption.

#include "twin/scenario/scenario.hpp"

namespace twin {

class Battery {
 public:
  explicit Battery(const BatterySpec& spec)
      : spec_(spec),
        start_wh_(spec.initial_charge * spec.capacity_kwh * 1000),
        energy_wh_(start_wh_) {}

  // Takes a set-point (charging positive) and gives what it did, at its terminals, without standby.
  double step(double set_point_w, double hours);

  // Most that it can take and give over a whole step, W at its terminals, >= 0.
  double most_charging_w(double hours) const;
  double most_discharging_w(double hours) const;

  double energy_wh() const { return energy_wh_; }
  double charge() const { return energy_wh_ / (spec_.capacity_kwh * 1000); }
  double standby_w() const { return spec_.standby_w; }
  // Since the start: put into the cells, and lost in conversion.
  double stored_wh() const { return energy_wh_ - start_wh_; }
  double losses_wh() const { return losses_wh_; }

 private:
  BatterySpec spec_;
  double start_wh_, energy_wh_;
  double losses_wh_ = 0;
};

}  // namespace twin
