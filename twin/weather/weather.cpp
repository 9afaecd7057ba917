#include "twin/weather/weather.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ledger/base/invariant.hpp"

namespace twin {
namespace {

constexpr std::int64_t cloud_node_ms = 120'000;
constexpr std::int64_t regime_nodes = 15;  // a half hour shares one tendency to be cloudy
constexpr std::int64_t longest_piece_ns = 120'000'000'000;

// A number's own uniform draw: the same whenever and in whatever order it is asked for.
double draw(const ledger::Rng& rng, std::string_view label, std::int64_t number) {
  return rng.fork(label, static_cast<std::uint64_t>(number)).uniform();
}

}  // namespace

double Weather::cloud_node(std::int64_t number) const {
  const std::int64_t regime = ledger::floor_div(number, regime_nodes);
  const double tendency =
      std::clamp(spec_.cloudiness * (0.4 + 1.2 * draw(rng_, "regime", regime)), 0.0, 1.0);
  if (draw(rng_, "cloud", number) >= tendency) return 1.0;
  return 0.25 + 0.25 * draw(rng_, "depth", number);
}

void Weather::place_clouds(std::int64_t unix_ms, WeatherSample& sky) const {
  const std::int64_t node = ledger::floor_div(unix_ms, cloud_node_ms);
  sky.cloud_part =
      static_cast<double>(unix_ms - node * cloud_node_ms) / static_cast<double>(cloud_node_ms);
  for (std::size_t i = 0; i < sky.cloud_nodes.size(); ++i)
    sky.cloud_nodes[i] = cloud_node(node + static_cast<std::int64_t>(i) - 1);
}

double Weather::day_offset_k(double local_days) const {
  const double noon = std::floor(local_days - 0.5);
  const double part = local_days - 0.5 - noon;
  const auto day = static_cast<std::int64_t>(noon);
  return 4 * ((1 - part) * draw(rng_, "day", day) + part * draw(rng_, "day", day + 1) - 0.5);
}

Irradiance with_cloud_lag(const WeatherSample& sky, double lag_s) {
  if (sky.clear_ghi_w_m2 <= 0) return sky.light;
  const double position = sky.cloud_part - lag_s * 1000 / static_cast<double>(cloud_node_ms);
  const double left = std::floor(position);
  const auto node = static_cast<std::size_t>(left + 1);  // of the four, the one before
  ledger::invariant(left >= -1 && left <= 1, "clouds lag by a minute at most");
  const double part = position - left;
  const double smooth = part * part * (3 - 2 * part);
  const double k = sky.cloud_nodes[node] * (1 - smooth) + sky.cloud_nodes[node + 1] * smooth;
  return split_ghi(sky.clear_ghi_w_m2 * k, sky.sun);
}

Place Weather::place() const {
  return series_ ? series_->place() : Place{spec_.latitude_deg, spec_.longitude_deg};
}

WeatherSample Weather::at(ledger::Instant time) const {
  const std::int64_t unix_ms = start_.unix_ms + time.whole_ms();
  if (!series_) return generated(unix_ms);
  const WeatherPoint point = series_->at(unix_ms);
  WeatherSample s;
  s.temperature_c = point.temperature_c;
  s.wind_m_s = point.wind_m_s;
  s.light = point.light;
  s.sun = point.sun;
  return s;
}

WeatherSample Weather::generated(std::int64_t unix_ms) const {
  const double local_days =
      static_cast<double>(unix_ms + std::int64_t{start_.offset_minutes} * 60'000) /
      ledger::ms_per_day;
  const double clock_h = 24 * (local_days - std::floor(local_days));
  WeatherSample s;
  s.temperature_c =
      spec_.mean_temperature_c + day_offset_k(local_days) +
      spec_.temperature_swing_k * std::cos(2 * std::numbers::pi * (clock_h - 15) / 24);
  s.sun = sun_over(place(), days_since_new_year(unix_ms));
  s.clear_ghi_w_m2 = clear_sky_ghi(s.sun.up);
  if (s.clear_ghi_w_m2 <= 0) return s;
  place_clouds(unix_ms, s);
  s.light = with_cloud_lag(s, 0);
  return s;
}

void Weather::over(ledger::Instant from, ledger::Duration span,
                   std::vector<WeatherSample>& out) const {
  const std::int64_t pieces = (span.ns + longest_piece_ns - 1) / longest_piece_ns | 1;
  out.clear();
  for (std::int64_t i = 0; i < pieces; ++i)
    out.push_back(at(from + ledger::nanoseconds(span.ns * (2 * i + 1) / (2 * pieces))));
}

}  // namespace twin
