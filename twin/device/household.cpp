#include "twin/device/household.hpp"

#include <algorithm>
#include <cmath>

namespace twin {
namespace {

constexpr std::int64_t ms_per_hour = 3'600'000;
constexpr std::int64_t longest_event_h = 3;
constexpr double base_w = 65;
constexpr double fridge_share = 0.35;  // of its cycle of 45 minutes it runs
constexpr double fridge_cycle_ms = 45 * 60'000.0;

struct Appliance {
  double starts_a_day, power_w, minutes;
};
// Kettle, hob and oven, dishwasher, washing machine, screens, light, vacuum cleaner and small ones.
constexpr std::array<Appliance, 7> appliances{{{3.0, 2000, 3},
                                               {1.4, 1500, 35},
                                               {0.6, 1100, 60},
                                               {0.45, 900, 75},
                                               {2.2, 130, 110},
                                               {5.0, 90, 90},
                                               {2.5, 700, 12}}};
// Share of a day's starts by hour, per mille: little at night, a morning and an evening peak.
constexpr std::array<double, 24> hour_share{8,  5,  4,  4,  5,  12, 38, 58, 52, 42, 40, 48,
                                            60, 50, 40, 40, 46, 62, 82, 88, 78, 64, 46, 28};
constexpr double hour_share_sum = 1000;

double mean_power_w(double fridge_w) {
  double events_wh = 0;
  for (const Appliance& a : appliances) events_wh += a.starts_a_day * a.power_w * a.minutes / 60;
  return base_w + fridge_share * fridge_w + events_wh / 24;
}

}  // namespace

Household::Household(double annual_kwh, ledger::CivilTime start, ledger::Rng rng)
    : scale_(1),
      offset_ms_(start.unix_ms + std::int64_t{start.offset_minutes} * 60'000),
      rng_(rng),
      fridge_w_(0),
      fridge_phase_(0) {
  ledger::Rng own = rng.fork("household");
  fridge_w_ = own.uniform(70, 130);
  fridge_phase_ = own.uniform();
  scale_ = annual_kwh * 1000 / 8760 / mean_power_w(fridge_w_);
}

void Household::draw_hour(std::int64_t hour) {
  ledger::Rng rng = rng_.fork("hour", static_cast<std::uint64_t>(hour));
  const auto of_day = static_cast<std::size_t>((hour % 24 + 24) % 24);
  for (const Appliance& a : appliances) {
    // Starts in this hour: Poisson by counting exponential gaps.
    const double rate = a.starts_a_day * hour_share[of_day] / hour_share_sum;
    for (double t = -std::log(1 - rng.uniform()) / rate; t < 1;
         t += -std::log(1 - rng.uniform()) / rate) {
      const double minutes = std::min(a.minutes * rng.uniform(0.5, 1.5), 60.0 * longest_event_h);
      Event e;
      e.begin_ms = hour * ms_per_hour + static_cast<std::int64_t>(t * ms_per_hour);
      e.end_ms = e.begin_ms + static_cast<std::int64_t>(minutes * 60'000);
      e.power_w = a.power_w * rng.uniform(0.8, 1.2);
      events_.push_back(e);
    }
  }
}

void Household::load_hours(std::int64_t hour) {
  if (loaded_hour_ == hour) return;
  if (loaded_hour_ != hour - 1) {
    events_.clear();
    for (std::int64_t h = hour - longest_event_h; h <= hour; ++h) draw_hour(h);
  } else {
    draw_hour(hour);
  }
  loaded_hour_ = hour;
  const std::int64_t past = hour * ms_per_hour;
  std::erase_if(events_, [&](const Event& e) { return e.end_ms <= past; });
}

double Household::power_w(ledger::Instant from, ledger::Duration span) {
  const std::int64_t begin = offset_ms_ + from.whole_ms();
  const std::int64_t end = begin + span.whole_ms();
  const std::int64_t hour = (begin >= 0 ? begin : begin - ms_per_hour + 1) / ms_per_hour;
  if (const std::int64_t next = (hour + 1) * ms_per_hour; end > next) {
    const ledger::Duration first = ledger::milliseconds(next - begin), rest = span - first;
    const double early_w = power_w(from, first), late_w = power_w(from + first, rest);
    return (early_w * first.seconds() + late_w * rest.seconds()) / span.seconds();
  }
  load_hours(hour);
  double energy = 0;  // W ms
  for (const Event& e : events_) {
    const std::int64_t overlap = std::min(end, e.end_ms) - std::max(begin, e.begin_ms);
    if (overlap > 0) energy += e.power_w * static_cast<double>(overlap);
  }
  // The fridge's running time up to t, in whole and part cycles.
  const auto run_ms = [&](std::int64_t t) {
    const double cycles = static_cast<double>(t) / fridge_cycle_ms + fridge_phase_;
    const double whole = std::floor(cycles);
    return fridge_cycle_ms * (whole * fridge_share + std::min(cycles - whole, fridge_share));
  };
  energy += fridge_w_ * (run_ms(end) - run_ms(begin));
  return scale_ * (base_w + energy / static_cast<double>(end - begin));
}

}  // namespace twin
