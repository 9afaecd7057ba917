#include "twin/device/battery.hpp"

#include <algorithm>

namespace twin {

double Battery::most_charging_w(double hours) const {
  const double room_wh = spec_.capacity_kwh * 1000 - energy_wh_;
  return std::min(spec_.power_kw * 1000, room_wh / (spec_.charge_efficiency * hours));
}

double Battery::most_discharging_w(double hours) const {
  return std::min(spec_.power_kw * 1000, energy_wh_ * spec_.discharge_efficiency / hours);
}

double Battery::step(double set_point_w, double hours) {
  const double power_w =
      std::clamp(set_point_w, -most_discharging_w(hours), most_charging_w(hours));
  const double eta_c = spec_.charge_efficiency, eta_d = spec_.discharge_efficiency;
  if (power_w > 0) {
    energy_wh_ += eta_c * power_w * hours;
    losses_wh_ += (1 - eta_c) * power_w * hours;
  } else {
    energy_wh_ += power_w / eta_d * hours;
    losses_wh_ += (1 / eta_d - 1) * -power_w * hours;
  }
  // The last bit of a product may lie beyond the limit that it was made to reach.
  energy_wh_ = std::clamp(energy_wh_, 0.0, spec_.capacity_kwh * 1000);
  return power_w;
}

}  // namespace twin
