#include "twin/weather/irradiance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace twin {
namespace {

constexpr double radians_a_degree = std::numbers::pi / 180;
constexpr double albedo = 0.2, glass_loss = 0.05;
constexpr double lowest_sun = 0.087;  // sine of 5 degrees

double diffuse_share(double k) {
  if (k <= 0.22) return 1 - 0.09 * k;
  if (k <= 0.80) return 0.9511 + k * (-0.1604 + k * (4.388 + k * (-16.638 + k * 12.336)));
  return 0.165;
}

double through_glass(double incidence_deg) {
  return std::max(0.0, 1 - glass_loss * (1 / std::cos(incidence_deg * radians_a_degree) - 1));
}

}  // namespace

double clear_sky_ghi(double sin_elevation) {
  if (sin_elevation <= 0.01) return 0;
  return 1098 * sin_elevation * std::exp(-0.057 / sin_elevation);
}

Irradiance split_ghi(double ghi_w_m2, const Sun& sun) {
  if (sun.up <= 0) return {ghi_w_m2, ghi_w_m2, 0};
  const double clearness = std::min(1.0, ghi_w_m2 / (sun.extraterrestrial_w_m2 * sun.up));
  const double dhi = ghi_w_m2 * diffuse_share(clearness);
  return {ghi_w_m2, dhi, (ghi_w_m2 - dhi) / std::max(0.05, sun.up)};
}

Plane::Plane(double tilt_deg, double azimuth_deg) {
  const double tilt = tilt_deg * radians_a_degree, azimuth = azimuth_deg * radians_a_degree;
  up_ = std::cos(tilt);
  east_ = std::sin(tilt) * std::sin(azimuth);
  north_ = std::sin(tilt) * std::cos(azimuth);
  const double t = tilt_deg;
  from_sky_ = (1 + up_) / 2 * through_glass(59.7 - 0.1388 * t + 0.001497 * t * t);
  // At no slope the ground is not seen, and its effective incidence is a right angle.
  from_ground_ =
      t > 0 ? albedo * (1 - up_) / 2 * through_glass(90 - 0.5788 * t + 0.002693 * t * t) : 0;
}

double Plane::irradiance(const Irradiance& sky, const Sun& sun) const {
  const double ground = sky.ghi_w_m2 * from_ground_;
  if (sun.up <= 0) return sky.dhi_w_m2 * from_sky_ + ground;
  const double around_sun = std::min(1.0, sky.dni_w_m2 / sun.extraterrestrial_w_m2);
  const double cos_incidence = up_ * sun.up + east_ * sun.east + north_ * sun.north;
  const double direct = sky.dni_w_m2 + sky.dhi_w_m2 * around_sun / std::max(lowest_sun, sun.up);
  return direct * std::max(0.0, cos_incidence - glass_loss * (1 - cos_incidence)) +
         sky.dhi_w_m2 * (1 - around_sun) * from_sky_ + ground;
}

}  // namespace twin
