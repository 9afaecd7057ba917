#include "twin/device/battery.hpp"

#include <algorithm>

namespace twin {

double Battery::step(double set_point_w, double hours) {
  const double limit_w = spec_.power_kw * 1000;
  const double capacity_wh = spec_.capacity_kwh * 1000;
  double power_w = std::clamp(set_point_w, -limit_w, limit_w);
  if (power_w > 0) {
    const double room_w = (capacity_wh - energy_wh_) / (spec_.charge_efficiency * hours);
    power_w = std::min(power_w, room_w);
    energy_wh_ += spec_.charge_efficiency * power_w * hours;
    losses_wh_ += (1 - spec_.charge_efficiency) * power_w * hours;
  } else if (power_w < 0) {
    const double store_w = energy_wh_ * spec_.discharge_efficiency / hours;
    power_w = std::max(power_w, -store_w);
    energy_wh_ += power_w / spec_.discharge_efficiency * hours;
    losses_wh_ += (1 / spec_.discharge_efficiency - 1) * -power_w * hours;
  }
  // The last bit of a product may lie beyond the limit that it was made to reach.
  energy_wh_ = std::clamp(energy_wh_, 0.0, capacity_wh);
  return power_w;
}

}  // namespace twin
