#include "twin/weather/weather_series.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace twin {
namespace {

constexpr std::int64_t piece_ms = 300'000;
// Less light from a clear sky than this, on average, says nothing of when in the interval it came.
constexpr double least_clear_w_m2 = 2;
constexpr std::array<int, 12> days_before{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

double clear_sky_dni(double sin_elevation) {
  if (sin_elevation <= 0.01) return 0;
  return 1353 * std::pow(0.7, std::pow(1 / sin_elevation, 0.678));
}

// What one interval's light is made of: m, k (0 where it is flat) and its own nodes y.
struct Interval {
  double mean = 0, factor = 0;
  bool flat = true;
};

double trapezoid_mean(const double* node, std::size_t pieces) {
  double sum = (node[0] + node[pieces]) / 2;
  for (std::size_t j = 1; j < pieces; ++j) sum += node[j];
  return sum / static_cast<double>(pieces);
}

// y at one node: k runs towards the neighbour's where both follow the sun.
double own_node(const Interval& own, const Interval& neighbour, double clear, double from_middle) {
  if (own.flat) return own.mean;
  const double other = neighbour.flat || neighbour.mean <= 0 ? own.factor : neighbour.factor;
  return clear * (own.factor + (other - own.factor) * from_middle);
}

// Scales the inner nodes so that the interval's mean is m.
void keep_energy(double mean, double* node, std::size_t pieces) {
  double inner = 0;
  for (std::size_t j = 1; j < pieces; ++j) inner += node[j];
  const double wanted = static_cast<double>(pieces) * mean - (node[0] + node[pieces]) / 2;
  for (std::size_t j = 1; j < pieces; ++j)
    node[j] = inner > 0 ? node[j] * (wanted / inner) : wanted / static_cast<double>(pieces - 1);
}

double between(double a, double b, double part) { return a + (b - a) * part; }

}  // namespace

WeatherSeries::WeatherSeries(WeatherRecord record)
    : record_(std::move(record)),
      pieces_(static_cast<std::size_t>(std::max<std::int64_t>(2, record_.interval_ms / piece_ms))),
      piece_ms_(static_cast<double>(record_.interval_ms) / static_cast<double>(pieces_)) {
  const std::size_t nodes = record_.values.size() * pieces_ + 1;
  std::vector<double> clear_ghi(nodes), clear_dni(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    const double up = sun_at(static_cast<double>(i) * piece_ms_).up;
    clear_ghi[i] = clear_sky_ghi(up);
    clear_dni[i] = clear_sky_dni(up);
  }
  ghi_ = nodes_of(&Irradiance::ghi_w_m2, clear_ghi);
  dhi_ = nodes_of(&Irradiance::dhi_w_m2, clear_ghi);
  dni_ = nodes_of(&Irradiance::dni_w_m2, clear_dni);
}

// The interval before or after; a typical year goes around, a series ends with itself.
std::size_t WeatherSeries::beside(std::size_t interval, int step) const {
  const std::size_t last = record_.values.size() - 1;
  if (step < 0 && interval == 0) return record_.typical_year ? last : 0;
  if (step > 0 && interval == last) return record_.typical_year ? 0 : last;
  return step < 0 ? interval - 1 : interval + 1;
}

std::vector<double> WeatherSeries::nodes_of(Quantity quantity,
                                            const std::vector<double>& clear) const {
  const std::size_t count = record_.values.size(), n = pieces_;
  const double half = static_cast<double>(n) / 2;
  std::vector<Interval> intervals(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double clear_mean = trapezoid_mean(&clear[i * n], n);
    const double mean = record_.values[i].light.*quantity;
    if (clear_mean < least_clear_w_m2)
      intervals[i] = {mean, 0, true};
    else
      intervals[i] = {mean, mean / clear_mean, false};
  }
  const auto node = [&](std::size_t i, std::size_t j) {
    const double from_middle = std::abs(static_cast<double>(j) / half - 1) / 2;
    const auto& neighbour = intervals[beside(i, static_cast<double>(j) < half ? -1 : 1)];
    return own_node(intervals[i], neighbour, clear[i * n + j], from_middle);
  };
  const auto shared = [&](std::size_t left, std::size_t right) {
    return std::min((node(left, n) + node(right, 0)) / 2,
                    half * std::min(intervals[left].mean, intervals[right].mean));
  };
  std::vector<double> out(count * n + 1);
  for (std::size_t i = 0; i < count; ++i) {
    out[i * n] = shared(beside(i, -1), i);
    for (std::size_t j = 1; j < n; ++j) out[i * n + j] = node(i, j);
  }
  out[count * n] = shared(count - 1, beside(count - 1, 1));
  for (std::size_t i = 0; i < count; ++i) keep_energy(intervals[i].mean, &out[i * n], n);
  return out;
}

double WeatherSeries::position_ms(std::int64_t unix_ms) const {
  if (!record_.typical_year) {
    std::int64_t since = unix_ms - record_.begin_unix_ms;
    if (since < 0) since = (since % ledger::ms_per_day + ledger::ms_per_day) % ledger::ms_per_day;
    const auto length = record_.interval_ms * static_cast<std::int64_t>(record_.values.size());
    return static_cast<double>(std::min(since, length));
  }
  const std::int64_t zone_ms = std::int64_t{record_.zone_minutes} * 60'000;
  const ledger::CivilFields f = ledger::fields_of({unix_ms, record_.zone_minutes});
  const int day_of_month = f.month == 2 ? std::min(f.day, 28) : f.day;
  const int day = days_before[static_cast<std::size_t>(f.month - 1)] + day_of_month - 1;
  const std::int64_t of_day =
      ((unix_ms + zone_ms) % ledger::ms_per_day + ledger::ms_per_day) % ledger::ms_per_day;
  return static_cast<double>(day * ledger::ms_per_day + of_day);
}

Sun WeatherSeries::sun_at(double position_ms) const {
  if (record_.typical_year)
    return sun_over(record_.place,
                    (position_ms - record_.zone_minutes * 60'000.0) / ledger::ms_per_day);
  return sun_over(record_.place, days_since_new_year(record_.begin_unix_ms +
                                                     static_cast<std::int64_t>(position_ms)));
}

WeatherPoint WeatherSeries::at(std::int64_t unix_ms) const {
  const double position = position_ms(unix_ms);
  const std::size_t count = record_.values.size();
  const double in_pieces = position / piece_ms_;
  const std::size_t node = std::min(static_cast<std::size_t>(in_pieces), count * pieces_ - 1);
  const double part = in_pieces - static_cast<double>(node);
  WeatherPoint out;
  out.sun = sun_at(position);
  out.light = {between(ghi_[node], ghi_[node + 1], part), between(dhi_[node], dhi_[node + 1], part),
               between(dni_[node], dni_[node + 1], part)};

  const double reading = position / static_cast<double>(record_.interval_ms) - record_.read_at;
  const double before = std::floor(reading);
  const WeatherValues& a =
      before < 0 ? record_.values[beside(0, -1)] : record_.values[static_cast<std::size_t>(before)];
  const auto after = static_cast<std::size_t>(before + 1);
  const WeatherValues& b = record_.values[after < count ? after : beside(count - 1, 1)];
  out.temperature_c = between(a.temperature_c, b.temperature_c, reading - before);
  out.wind_m_s = between(a.wind_m_s, b.wind_m_s, reading - before);
  return out;
}

ledger::Result<void> WeatherSeries::covers(ledger::CivilTime start, ledger::Duration length) const {
  const auto own_ms = record_.interval_ms * static_cast<std::int64_t>(record_.values.size());
  const std::int64_t end = start.unix_ms + length.whole_ms();
  if (record_.typical_year ||
      (start.unix_ms >= record_.begin_unix_ms && end <= record_.begin_unix_ms + own_ms))
    return {};
  const auto text = [&](std::int64_t ms) { return ledger::to_rfc3339({ms, start.offset_minutes}); };
  return ledger::failure(record_.file + ": tells of " + text(record_.begin_unix_ms) + " to " +
                         text(record_.begin_unix_ms + own_ms) + "; the scenario wants " +
                         text(start.unix_ms) + " to " + text(end));
}

}  // namespace twin
