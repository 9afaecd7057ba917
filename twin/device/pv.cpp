#include "twin/device/pv.hpp"

#include <algorithm>
#include <numbers>

namespace twin {
namespace {

constexpr double degrees = std::numbers::pi / 180;
constexpr double noct_rise_k_per_w = 25.0 / 800;
constexpr double temperature_coefficient = 0.004;
constexpr double plant_efficiency = 0.90, inverter_efficiency = 0.97;

}  // namespace

Pv::Pv(const PvSpec& spec, double cloud_lag_s)
    : spec_(spec),
      tilt_rad_(spec.tilt_deg * degrees),
      azimuth_rad_(spec.azimuth_deg * degrees),
      cloud_lag_s_(cloud_lag_s) {}

double Pv::power_w(const WeatherSample& sky) const {
  if (sky.ghi_w_m2 <= 0) return 0;
  const double g = plane_irradiance(with_cloud_lag(sky, cloud_lag_s_), tilt_rad_, azimuth_rad_);
  const double cell_c = sky.temperature_c + noct_rise_k_per_w * g;
  const double dc_w =
      spec_.peak_kw * g * (1 - temperature_coefficient * (cell_c - 25)) * plant_efficiency;
  return std::clamp(inverter_efficiency * dc_w, 0.0, spec_.inverter_kw * 1000);
}

}  // namespace twin
