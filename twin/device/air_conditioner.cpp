#include "twin/device/air_conditioner.hpp"

#include <algorithm>
#include <cmath>

namespace twin {
namespace {

constexpr double people_and_appliances_w = 300;

}  // namespace

double energy_efficiency_ratio(double indoor_c, double outdoor_c) {
  const double lift_k = std::max(outdoor_c - indoor_c + 25, 1.0);
  return std::clamp(0.4 * (indoor_c - 15 + 273.15) / lift_k, 2.0, 8.0);
}

AirConditioner::AirConditioner(const AirConditionerSpec& spec, double outdoor_c)
    : wh_per_k_(spec.capacity_kwh_per_k * 1000),
      ua_w_per_k_(spec.heat_loss_w_per_k),
      set_point_c_(spec.set_point_c),
      window_m2_(spec.window_m2),
      cooling_w_(spec.cooling_kw * 1000),
      indoor_c_(std::min(spec.set_point_c, outdoor_c)),
      start_c_(indoor_c_) {}

AirConditionerStep AirConditioner::step(double outdoor_c, double irradiance_w_m2, double hours,
                                        double limit_w) {
  const double gain_w = people_and_appliances_w + window_m2_ * irradiance_w_m2;
  AirConditionerStep sum;
  for (double left_h = hours; left_h > 0;)
    left_h -= run(outdoor_c, gain_w, left_h, std::max(limit_w, 0.0), sum);
  sum.power_w /= hours;
  return sum;
}

// Until the step's end, or the moment at which the set point is met.
double AirConditioner::run(double outdoor_c, double gain_w, double left_h, double limit_w,
                           AirConditionerStep& sum) {
  const double eer = energy_efficiency_ratio(set_point_c_, outdoor_c);
  const double holding_w = ua_w_per_k_ * (outdoor_c - set_point_c_) + gain_w;
  const double most_w = std::min(cooling_w_, limit_w * eer);
  double heat_w = 0;  // taken out
  if (indoor_c_ > set_point_c_) heat_w = most_w;
  if (indoor_c_ == set_point_c_) heat_w = std::clamp(holding_w, 0.0, most_w);
  const double tau_h = wh_per_k_ / ua_w_per_k_;
  const double rest_c = outdoor_c + (gain_w - heat_w) / ua_w_per_k_;
  double hours = left_h;
  const bool holds = indoor_c_ == set_point_c_ && heat_w == holding_w;
  bool meets = false;
  if ((set_point_c_ - indoor_c_) * (rest_c - set_point_c_) > 0) {
    const double to_h = -std::log1p(-(set_point_c_ - indoor_c_) / (rest_c - indoor_c_)) * tau_h;
    meets = to_h < left_h;
    hours = std::min(to_h, left_h);
  }
  const double settled = holds ? 0 : -std::expm1(-hours / tau_h);
  const double kelvin_hours = rest_c * hours + (indoor_c_ - rest_c) * settled * tau_h;
  const double inside_kh = holds ? set_point_c_ * hours : kelvin_hours;
  indoor_c_ = meets ? set_point_c_ : indoor_c_ + (rest_c - indoor_c_) * settled;
  gained_wh_ += gain_w * hours + ua_w_per_k_ * (outdoor_c * hours - inside_kh);
  taken_out_wh_ += heat_w * hours;
  sum.power_w += heat_w / eer * hours;  // Wh until the step divides
  sum.warm_kh += std::max(0.0, inside_kh - set_point_c_ * hours);
  return hours;
}

CoolingBalance AirConditioner::balance() const {
  return {gained_wh_, taken_out_wh_, wh_per_k_ * (indoor_c_ - start_c_)};
}

}  // namespace twin
