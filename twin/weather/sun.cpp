#include "twin/weather/sun.hpp"

#include <cmath>
#include <numbers>

#include "ledger/base/time.hpp"

namespace twin {
namespace {

constexpr double degrees = std::numbers::pi / 180;

// Sine and cosine of the day angle and of its multiples.
struct Year {
  double s1, c1, s2, c2, s3, c3;
};

Year year_at(double days) {
  const double angle = 2 * std::numbers::pi * days / 365;
  const double s = std::sin(angle), c = std::cos(angle);
  const double s2 = 2 * s * c, c2 = 2 * c * c - 1;
  return {s, c, s2, c2, s2 * c + c2 * s, c2 * c - s2 * s};
}

double declination_rad(const Year& y) {
  return 0.006918 - 0.399912 * y.c1 + 0.070257 * y.s1 - 0.006758 * y.c2 + 0.000907 * y.s2 -
         0.002697 * y.c3 + 0.00148 * y.s3;
}

// Minutes by which the sun is ahead of mean time.
double equation_of_time_min(const Year& y) {
  return 229.18 *
         (0.000075 + 0.001868 * y.c1 - 0.032077 * y.s1 - 0.014615 * y.c2 - 0.040849 * y.s2);
}

}  // namespace

Sun sun_over(const Place& place, double days) {
  const Year year = year_at(days);
  const double utc_h = 24 * (days - std::floor(days));
  const double solar_h = utc_h + place.longitude_deg / 15 + equation_of_time_min(year) / 60;
  const double declination = declination_rad(year);
  const double hour_angle = 15 * degrees * (solar_h - 12);
  const double latitude = place.latitude_deg * degrees;
  const double sin_l = std::sin(latitude), cos_l = std::cos(latitude);
  const double sin_d = std::sin(declination), cos_d = std::cos(declination);
  const double cos_w = std::cos(hour_angle);
  return {.up = sin_l * sin_d + cos_l * cos_d * cos_w,
          .east = -cos_d * std::sin(hour_angle),
          .north = cos_l * sin_d - sin_l * cos_d * cos_w,
          .extraterrestrial_w_m2 = 1361 * (1 + 0.033 * year.c1)};
}

double days_since_new_year(std::int64_t unix_ms) {
  const auto day_of_year = ledger::fields_of({unix_ms, 0}).day_of_year;
  const double days = static_cast<double>(unix_ms) / ledger::ms_per_day;
  return day_of_year - 1 + (days - std::floor(days));
}

}  // namespace twin
