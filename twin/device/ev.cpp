#include "twin/device/ev.hpp"

#include <algorithm>
#include <cmath>

namespace twin {
namespace {

constexpr double charger_efficiency = 0.9;
constexpr double arrival_h = 17.5, arrival_spread_h = 1.0;
constexpr double departure_h = 7.75, departure_spread_h = 0.75;
constexpr double weekend_at_home = 0.6;
constexpr double least_w_per_phase = 6 * 230.0;

double hours(ledger::Duration d) { return d.seconds() / 3600; }

}  // namespace

Ev::Ev(const EvSpec& spec, ledger::CivilTime start, ledger::Rng rng)
    : spec_(spec), start_(start), rng_(rng), phases_(spec.phases), plug_w_(spec.plug_kw * 1000) {}

Ev::Session& Ev::session(std::int64_t day, ledger::Instant from) {
  Session& s = sessions_[static_cast<std::size_t>(day & 1)];
  if (s.day == day) return s;
  ledger::Rng rng = rng_.fork("day", static_cast<std::uint64_t>(day));
  const bool weekend = (day + 3) % 7 >= 5;  // 1970-01-01 was a Thursday
  const bool stays = weekend && rng.chance(weekend_at_home);
  const double arrival = std::clamp(arrival_h + arrival_spread_h * rng.normal(), 9.0, 23.0);
  // Between 0.2 and 3 times the mean, 1 on average before the clamp.
  const double km = spec_.daily_km * std::clamp(-std::log(1 - rng.uniform()), 0.2, 3.0);
  const double need_kwh =
      std::min(spec_.battery_kwh, stays ? 0.0 : km * spec_.kwh_per_km) / charger_efficiency;
  const double departure = std::clamp(departure_h + departure_spread_h * rng.normal(), 5.0, 9.0);
  const std::int64_t midnight_ms =
      day * ledger::ms_per_day - std::int64_t{start_.offset_minutes} * 60'000 - start_.unix_ms;
  const auto at = [&](double hour) {
    return ledger::Instant{(midnight_ms + static_cast<std::int64_t>(hour * 3.6e6)) * 1'000'000};
  };
  s = {day, at(arrival), at(24 + departure), 0, 0};
  const ledger::Instant seen = std::clamp(from, s.arrival, s.departure);
  if (seen < s.departure)
    s.wanted_wh = std::max(0.0, need_kwh * 1000 - plug_w_ * hours(seen - s.arrival));
  s.unhindered_wh = s.wanted_wh;
  totals_.needed_wh += s.wanted_wh;
  return s;
}

void Ev::charge(Session& s, ledger::Instant from, ledger::Instant to, double cap_w, EvStep& out) {
  if (s.wanted_wh <= 0 || to <= s.arrival) return;
  const ledger::Instant a = std::max(from, s.arrival), b = std::min(to, s.departure);
  const double plugged_h = std::max(0.0, hours(b - a));
  const double full_wh = plug_w_ * plugged_h;
  const double energy_wh = std::min(s.wanted_wh, cap_w * plugged_h);
  out.power_w += energy_wh;  // Wh until the step divides
  out.held_back_w += std::min(s.wanted_wh, full_wh) - energy_wh;
  s.wanted_wh -= energy_wh;
  s.unhindered_wh = std::max(0.0, s.unhindered_wh - full_wh);
  const double unmet_wh =
      std::max(0.0, s.wanted_wh - plug_w_ * std::max(0.0, hours(s.departure - b)));
  s.wanted_wh -= unmet_wh;
  s.unhindered_wh = std::min(s.unhindered_wh, s.wanted_wh);
  out.unmet_wh += unmet_wh;
  totals_.delivered_wh += energy_wh;
  totals_.unmet_wh += unmet_wh;
}

EvStep Ev::step(ledger::Instant from, ledger::Duration span, double limit_w) {
  const std::int64_t local_ms =
      start_.unix_ms + from.whole_ms() + std::int64_t{start_.offset_minutes} * 60'000;
  const std::int64_t today = ledger::floor_div(local_ms, ledger::ms_per_day);
  const double least_w = std::min(plug_w_, least_w_per_phase * phases_);
  const double cap_w = limit_w < least_w ? 0 : std::min(plug_w_, limit_w);
  EvStep out;
  for (const std::int64_t day : {today - 1, today}) {
    Session& s = session(day, from);
    charge(s, from, from + span, cap_w, out);
    out.deferred_wh += s.wanted_wh - s.unhindered_wh;
    const ledger::Instant end = from + span;
    if (s.wanted_wh <= 0 || end < s.arrival || end >= s.departure) continue;
    out.wanted_wh = s.wanted_wh;
    out.hours_left = hours(s.departure - end);
  }
  totals_.wanted_wh = sessions_[0].wanted_wh + sessions_[1].wanted_wh;
  out.power_w /= hours(span);
  out.held_back_w /= hours(span);
  return out;
}

double Ev::charged_wh() const { return charger_efficiency * totals_.delivered_wh; }

}  // namespace twin
