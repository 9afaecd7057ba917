#include "twin/weather/weather.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ledger/base/invariant.hpp"

namespace twin {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double degrees = pi / 180;
constexpr std::int64_t cloud_node_s = 120;
constexpr std::int64_t regime_nodes = 15;  // a half hour shares one tendency to be cloudy
constexpr double albedo = 0.2;
constexpr double ms_per_day = 86'400'000;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return (a >= 0 ? a : a - b + 1) / b; }

// A number's own uniform draw: the same whenever and in whatever order it is asked for.
double draw(const ledger::Rng& rng, std::string_view label, std::int64_t number) {
  return rng.fork(label, static_cast<std::uint64_t>(number)).uniform();
}

// Minutes by which the sun is ahead of mean time (Spencer, 1971).
double equation_of_time_min(double day_angle) {
  return 229.18 * (0.000075 + 0.001868 * std::cos(day_angle) - 0.032077 * std::sin(day_angle) -
                   0.014615 * std::cos(2 * day_angle) - 0.040849 * std::sin(2 * day_angle));
}

double diffuse_share(double clearness) {
  const double k = clearness;
  if (k <= 0.22) return 1 - 0.09 * k;
  if (k <= 0.80)
    return 0.9511 - 0.1604 * k + 4.388 * k * k - 16.638 * k * k * k + 12.336 * k * k * k * k;
  return 0.165;
}

}  // namespace

double Weather::cloud_node(std::int64_t number) const {
  const std::int64_t regime = floor_div(number, regime_nodes);
  const double tendency =
      std::clamp(spec_.cloudiness * (0.4 + 1.2 * draw(rng_, "regime", regime)), 0.0, 1.0);
  if (draw(rng_, "cloud", number) >= tendency) return 1.0;
  return 0.25 + 0.25 * draw(rng_, "depth", number);
}

void Weather::place_clouds(ledger::Instant time, WeatherSample& sky) const {
  const std::int64_t node_ns = cloud_node_s * 1'000'000'000;
  const std::int64_t node = floor_div(time.ns, node_ns);
  sky.cloud_part = static_cast<double>(time.ns - node * node_ns) / static_cast<double>(node_ns);
  for (std::size_t i = 0; i < sky.cloud_nodes.size(); ++i)
    sky.cloud_nodes[i] = cloud_node(node + static_cast<std::int64_t>(i) - 1);
}

double Weather::day_offset_k(double local_days) const {
  const double noon = std::floor(local_days - 0.5);
  const double part = local_days - 0.5 - noon;
  const auto day = static_cast<std::int64_t>(noon);
  return 4 * ((1 - part) * draw(rng_, "day", day) + part * draw(rng_, "day", day + 1) - 0.5);
}

WeatherSample with_cloud_lag(WeatherSample sky, double lag_s) {
  if (sky.clear_ghi_w_m2 <= 0) return sky;
  const double position = sky.cloud_part - lag_s / static_cast<double>(cloud_node_s);
  const double left = std::floor(position);
  const auto node = static_cast<std::size_t>(left + 1);  // of the four, the one before
  ledger::invariant(left >= -1 && left <= 1, "clouds lag by a minute at most");
  const double part = position - left;
  const double smooth = part * part * (3 - 2 * part);
  const double k = sky.cloud_nodes[node] * (1 - smooth) + sky.cloud_nodes[node + 1] * smooth;
  sky.ghi_w_m2 = sky.clear_ghi_w_m2 * k;
  sky.dhi_w_m2 =
      sky.ghi_w_m2 * diffuse_share(std::min(1.0, sky.ghi_w_m2 / sky.extraterrestrial_w_m2));
  // Near the horizon the beam's share is uncertain and small: it is not divided by less than 0.05.
  sky.dni_w_m2 = (sky.ghi_w_m2 - sky.dhi_w_m2) / std::max(0.05, sky.sin_elevation);
  return sky;
}

WeatherSample Weather::at(ledger::Instant time) const {
  const ledger::CivilTime civil{start_.unix_ms + time.whole_ms(), start_.offset_minutes};
  const ledger::CivilFields f = ledger::fields_of(civil);
  const double clock_h = f.hour + f.minute / 60.0 + f.second / 3600.0 + f.millisecond / 3.6e6;
  const double day_angle = 2 * pi * (f.day_of_year - 1) / 365;
  const double solar_h = clock_h - start_.offset_minutes / 60.0 + spec_.longitude_deg / 15 +
                         equation_of_time_min(day_angle) / 60;
  const double declination = 23.45 * degrees * std::sin(2 * pi * (284 + f.day_of_year) / 365);
  const double hour_angle = 15 * degrees * (solar_h - 12);
  const double latitude = spec_.latitude_deg * degrees;

  WeatherSample s;
  s.sin_elevation = std::sin(latitude) * std::sin(declination) +
                    std::cos(latitude) * std::cos(declination) * std::cos(hour_angle);
  s.cos_elevation = std::sqrt(std::max(0.0, 1 - s.sin_elevation * s.sin_elevation));
  s.azimuth_rad =
      pi + std::atan2(std::sin(hour_angle), std::cos(hour_angle) * std::sin(latitude) -
                                                std::tan(declination) * std::cos(latitude));
  const std::int64_t local_ms = civil.unix_ms + std::int64_t{civil.offset_minutes} * 60'000;
  s.temperature_c = spec_.mean_temperature_c +
                    day_offset_k(static_cast<double>(local_ms) / ms_per_day) +
                    spec_.temperature_swing_k * std::cos(2 * pi * (clock_h - 15) / 24);
  if (s.sin_elevation <= 0.01) return s;

  s.clear_ghi_w_m2 = 1098 * s.sin_elevation * std::exp(-0.057 / s.sin_elevation);
  s.extraterrestrial_w_m2 = 1361 * (1 + 0.033 * std::cos(day_angle)) * s.sin_elevation;
  place_clouds(time, s);
  return with_cloud_lag(s, 0);
}

double plane_irradiance(const WeatherSample& sky, double tilt_rad, double azimuth_rad) {
  const double incidence =
      sky.sin_elevation * std::cos(tilt_rad) +
      sky.cos_elevation * std::sin(tilt_rad) * std::cos(sky.azimuth_rad - azimuth_rad);
  const double beam = sky.sin_elevation > 0 ? sky.dni_w_m2 * std::max(0.0, incidence) : 0;
  return beam + sky.dhi_w_m2 * (1 + std::cos(tilt_rad)) / 2 +
         albedo * sky.ghi_w_m2 * (1 - std::cos(tilt_rad)) / 2;
}

}  // namespace twin
