#include "twin/device/pv.hpp"

#include <algorithm>

namespace twin {
namespace {

constexpr double temperature_coefficient = 0.004;
constexpr double plant_efficiency = 0.90;
constexpr double rated_efficiency = 0.96, reference_efficiency = 0.9637;
constexpr double standby_share = 0.0005;

}  // namespace

Pv::Pv(const PvSpec& spec, double cloud_lag_s)
    : plane_(spec.tilt_deg, spec.azimuth_deg),
      cloud_lag_s_(cloud_lag_s),
      dc_w_per_w_m2_(spec.peak_kw * plant_efficiency),
      limit_w_(spec.inverter_kw * 1000) {
  const double rated_dc_w = limit_w_ / rated_efficiency;
  const double scale = rated_efficiency / reference_efficiency;
  square_ = rated_dc_w > 0 ? -0.0162 * scale / rated_dc_w : 0;
  line_ = 0.9858 * scale;
  constant_ = -0.0059 * scale * rated_dc_w;
}

double Pv::available_w(const WeatherSample& sky) const {
  if (sky.light.ghi_w_m2 <= 0) return 0;
  const double g = plane_.irradiance(with_cloud_lag(sky, cloud_lag_s_), sky.sun);
  const double cell_c = sky.temperature_c + g / (25 + 6.84 * sky.wind_m_s);
  const double dc_w = dc_w_per_w_m2_ * g * (1 - temperature_coefficient * (cell_c - 25));
  return std::clamp((square_ * dc_w + line_) * dc_w + constant_, 0.0, limit_w_);
}

PvStep Pv::step(std::span<const WeatherSample> skies, double limit_w) const {
  PvStep sum;
  for (const WeatherSample& sky : skies) {
    const double available = available_w(sky);
    const double fed_in = std::min(available, std::max(0.0, limit_w));
    sum.fed_in_w += fed_in;
    sum.curtailed_w += available - fed_in;
    if (available <= 0) sum.standby_w += standby_share * limit_w_;
  }
  const auto pieces = static_cast<double>(skies.size());
  return {sum.fed_in_w / pieces, sum.curtailed_w / pieces, sum.standby_w / pieces};
}

}  // namespace twin
