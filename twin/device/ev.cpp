#include "twin/device/ev.hpp"

#include <algorithm>
#include <cmath>

namespace twin {
namespace {

constexpr std::int64_t ms_per_day = 86'400'000;
constexpr double charger_efficiency = 0.9;
constexpr double arrival_h = 17.5, arrival_spread_h = 1.0;
constexpr double departure_h = 7.75, departure_spread_h = 0.75;
constexpr double weekend_at_home = 0.6;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return (a >= 0 ? a : a - b + 1) / b; }

}  // namespace

const Ev::Day& Ev::day(std::int64_t number) {
  Day& d = days_[static_cast<std::size_t>(number & 1)];
  if (d.number == number) return d;
  d.number = number;
  ledger::Rng rng = rng_.fork("day", static_cast<std::uint64_t>(number));
  const bool weekend = (number + 3) % 7 >= 5;  // 1970-01-01 was a Thursday
  const bool stays = weekend && rng.chance(weekend_at_home);
  const double arrival = std::clamp(arrival_h + arrival_spread_h * rng.normal(), 9.0, 23.0);
  // Between 0.2 and 3 times the mean, 1 on average before the clamp.
  const double km = spec_.daily_km * std::clamp(-std::log(1 - rng.uniform()), 0.2, 3.0);
  const double need_kwh =
      std::min(spec_.battery_kwh, stays ? 0.0 : km * spec_.kwh_per_km) / charger_efficiency;
  const double departure = std::clamp(departure_h + departure_spread_h * rng.normal(), 5.0, 9.0);
  const std::int64_t midnight_ms =
      number * ms_per_day - std::int64_t{start_.offset_minutes} * 60'000 - start_.unix_ms;
  const auto at = [&](double hour) {
    return ledger::Instant{(midnight_ms + static_cast<std::int64_t>(hour * 3.6e6)) * 1'000'000};
  };
  d.begin = at(arrival);
  d.end = std::min(at(24 + departure), at(arrival + need_kwh / spec_.plug_kw));
  return d;
}

double Ev::overlap_s(const Day& d, ledger::Instant from, ledger::Instant to) const {
  const ledger::Instant a = std::max(from, d.begin), b = std::min(to, d.end);
  return b > a ? (b - a).seconds() : 0;
}

double Ev::power_w(ledger::Instant from, ledger::Duration span) {
  const ledger::Instant to = from + span;
  const std::int64_t local_ms =
      start_.unix_ms + from.whole_ms() + std::int64_t{start_.offset_minutes} * 60'000;
  const std::int64_t today = floor_div(local_ms, ms_per_day);
  const double charging_s = overlap_s(day(today - 1), from, to) + overlap_s(day(today), from, to);
  return spec_.plug_kw * 1000 * charging_s / span.seconds();
}

}  // namespace twin
