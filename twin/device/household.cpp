#include "twin/device/household.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "twin/device/h25_table.hpp"

namespace twin {

using ledger::Rng;

namespace {

constexpr std::int64_t ms_per_hour = 3'600'000;
constexpr std::array<int, months_a_year> middle_day{16,  46,  75,  106, 136, 167,
                                                    197, 228, 259, 289, 320, 350};
constexpr std::array<double, months_a_year> days_in{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
// Below this share of the mean power nobody is up: no runs begin.
constexpr double floor_share = 0.45;

int hour_of_day(std::int64_t hour) {
  return static_cast<int>(hour - ledger::floor_div(hour, 24) * 24);
}

double angle(int hour) { return 2 * std::numbers::pi * (hour + 0.5) / 24; }

// kWh of the profile in one hour, the season taken at mid-month.
double profile_kwh(int month, DayType type, int hour) {
  return h25_table_kwh(month, type, hour) *
         dynamisation(middle_day[static_cast<std::size_t>(month - 1)]);
}

// Figures that all homes share.
struct Shared {
  using ByHour = std::array<std::array<std::array<double, hours_a_day>, day_types>, months_a_year>;
  ByHour activity{};                       // what runs' starts follow, kWh
  std::array<double, appliances> ready{};  // sum of activity times readiness over a year
  double cos_mean = 0, sin_mean = 0;       // of the hour's angle, weighted by the profile
  std::array<double, hours_a_day> cos{}, sin{};
};

Shared make_shared_figures() {
  Shared s;
  double sum = 0;
  const double floor_kwh = floor_share * 1e6 / 8760;
  for (int hour = 0; hour < 24; ++hour) {
    const auto h = static_cast<std::size_t>(hour);
    s.cos[h] = std::cos(angle(hour));
    s.sin[h] = std::sin(angle(hour));
    for (std::size_t m = 0; m < months_a_year; ++m)
      for (std::size_t d = 0; d < day_types; ++d) {
        const auto type = static_cast<DayType>(d);
        const double days = days_in[m] * (type == DayType::workday ? 5 : 1) / 7;
        const double kwh = profile_kwh(static_cast<int>(m + 1), type, hour);
        const double active = std::max(0.0, kwh - floor_kwh);
        s.activity[m][d][h] = active;
        sum += days * kwh;
        s.cos_mean += days * kwh * s.cos[h];
        s.sin_mean += days * kwh * s.sin[h];
        for (std::size_t a = 0; a < appliances; ++a)
          s.ready[a] += days * active * readiness(appliance_catalogue()[a].when, hour);
      }
  }
  s.cos_mean /= sum;
  s.sin_mean /= sum;
  return s;
}

const Shared& shared_figures() {
  static const Shared figures = make_shared_figures();
  return figures;
}

// Where the day stands in the home's own order of the `of` days of its kind.
unsigned place_of(unsigned ordinal, unsigned of, Rng& rng) {
  std::array<std::uint8_t, 32> order;
  std::iota(order.begin(), order.begin() + of, std::uint8_t{0});
  for (unsigned left = of; left > 1; --left) std::swap(order[left - 1], order[rng.below(left)]);
  return order[ordinal];
}

}  // namespace

Household::Household(double annual_kwh, ledger::CivilTime start, Rng rng)
    : offset_ms_(start.unix_ms + std::int64_t{start.offset_minutes} * 60'000),
      rng_(rng),
      scale_(annual_kwh / h25_sum_kwh(start)) {
  const double mean_power_w = annual_kwh * 1000 / 8760;
  Rng own = rng.fork("household");
  const double strength = own.uniform(0, 0.3), peak = own.uniform(0, 2 * std::numbers::pi);
  habit_cos_ = strength * std::cos(peak);
  habit_sin_ = strength * std::sin(peak);
  const Shared& shared = shared_figures();
  habit_mean_ = habit_cos_ * shared.cos_mean + habit_sin_ * shared.sin_mean;

  const double fridge_share = own.uniform(0.06, 0.12), running = own.uniform(0.25, 0.45);
  fridge_w_ = fridge_share * mean_power_w / running;
  fridge_cycle_ms_ = static_cast<std::int64_t>(own.uniform(35, 65) * 60'000);
  fridge_on_ms_ = static_cast<std::int64_t>(running * static_cast<double>(fridge_cycle_ms_));
  fridge_phase_ms_ =
      static_cast<std::int64_t>(own.uniform() * static_cast<double>(fridge_cycle_ms_));

  const double run_share = own.uniform(0.3, 0.42);  // of the year's energy
  double wh_a_day = 0;
  for (std::size_t a = 0; a < appliances; ++a) {
    const Appliance& item = appliance_catalogue()[a];
    power_factor_[a] = own.uniform(0.8, 1.2);
    const double often = own.uniform(0.5, 1.5);
    const bool has = own.chance(item.owned);
    const double starts_a_day = has ? often * item.starts_a_day : 0;
    starts_[a] = starts_a_day * 365 / shared.ready[a];
    wh_a_day += starts_a_day * item.energy_wh * power_factor_[a];
  }
  for (double& s : starts_) s *= run_share * mean_power_w * 24 / wh_a_day;
}

double Household::mean_w(std::int64_t begin, std::int64_t end) {
  double energy = 0;  // W ms
  for (std::int64_t at = begin; at < end;) {
    find_level(at);
    const std::int64_t until = std::min(end, level_end_ms_);
    energy += level_w_ * static_cast<double>(until - at);
    at = until;
  }
  return energy / static_cast<double>(end - begin);
}

void Household::find_level(std::int64_t at) {
  const std::int64_t hour = ledger::floor_div(at, ms_per_hour);
  if (hour != loaded_hour_) load_hour(hour);
  const auto after =
      std::upper_bound(levels_.begin(), levels_.end(), at,
                       [](std::int64_t time, const Level& level) { return time < level.begin_ms; });
  level_begin_ms_ = (after - 1)->begin_ms;
  level_w_ = (after - 1)->power_w;
  level_end_ms_ = after == levels_.end() ? (hour + 1) * ms_per_hour : after->begin_ms;
}

void Household::load_hour(std::int64_t hour) {
  if (loaded_hour_ == hour - 1) {
    draw_hour(hour);
  } else {
    runs_.clear();
    expected_runs_wh_ = {};
    for (std::int64_t h = hour + 1 - static_cast<std::int64_t>(longest_run_h); h <= hour; ++h)
      draw_hour(h);
  }
  loaded_hour_ = hour;
  const std::int64_t past = hour * ms_per_hour;
  std::erase_if(runs_, [&](const Run& r) { return r.end_ms <= past; });
  make_levels(hour);
}

const Household::Day& Household::day_of(std::int64_t hour) {
  const std::int64_t number = ledger::floor_div(hour, 24);
  Day& day = days_[static_cast<std::size_t>(number & 1)];
  if (day.number == number) return day;
  const ledger::CivilFields date = ledger::fields_of({number * ledger::ms_per_day, 0});
  day = {number, date.year, date.month, day_type(date), dynamisation(date.day_of_year), 0, 0};
  // The days of its month and type: those before it, and all of them.
  for (std::int64_t n = number - (date.day - 1);; ++n) {
    const ledger::CivilFields other = ledger::fields_of({n * ledger::ms_per_day, 0});
    if (other.month != date.month) break;
    if (day_type(other) != day.type) continue;
    if (n < number) ++day.ordinal;
    ++day.of;
  }
  return day;
}

double Household::habit(int hour) const {
  const Shared& s = shared_figures();
  const auto h = static_cast<std::size_t>(hour);
  return 1 + habit_cos_ * s.cos[h] + habit_sin_ * s.sin[h] - habit_mean_;
}

double Household::expected_w(const Day& day, int hour) const {
  return 1000 * scale_ * h25_table_kwh(day.month, day.type, hour) * day.dynamisation * habit(hour);
}

void Household::draw_hour(std::int64_t hour) {
  std::rotate(expected_runs_wh_.begin(), expected_runs_wh_.begin() + 1, expected_runs_wh_.end());
  expected_runs_wh_.back() = 0;
  const Day& day = day_of(hour);
  const int of_day = hour_of_day(hour);
  const auto month = static_cast<std::size_t>(day.month - 1);
  const auto type = static_cast<std::size_t>(day.type);
  const double activity =
      habit(of_day) * shared_figures().activity[month][type][static_cast<std::size_t>(of_day)];
  if (activity == 0) return;
  const auto kind = static_cast<std::uint64_t>(
      ((day.year * 12 + day.month) * std::int64_t{day_types} + static_cast<int>(day.type)) * 24 +
      of_day);
  Rng comb = rng_.fork("comb", kind);
  double at = comb.uniform();  // along the line, from its offset on
  const unsigned place = place_of(day.ordinal, day.of, comb);
  Rng rng = rng_.fork("hour", static_cast<std::uint64_t>(hour));
  for (std::size_t a = 0; a < appliances; ++a) {
    const Appliance& item = appliance_catalogue()[a];
    const double starts = starts_[a] * activity * readiness(item.when, of_day);
    for (std::size_t j = 0; j < longest_run_h; ++j)
      expected_runs_wh_[j] += starts * power_factor_[a] * item.spill_wh[j];
    const double begin = at + starts * place;
    const double teeth = std::floor(begin + starts) - std::floor(begin);
    draw_runs(item, power_factor_[a], static_cast<std::int64_t>(teeth), hour, rng);
    at += starts * day.of;
  }
}

void Household::draw_runs(const Appliance& item, double power_factor, std::int64_t count,
                          std::int64_t hour, Rng& rng) {
  for (; count > 0; --count) {
    const double longer = rng.uniform(1 - duration_spread, 1 + duration_spread);
    const double stronger = power_factor * rng.uniform(0.85, 1.15);
    const auto ms = [&](double minutes) {
      return static_cast<std::int64_t>(longer * minutes * 60'000);
    };
    const std::int64_t begin =
        hour * ms_per_hour + static_cast<std::int64_t>(rng.below(std::uint64_t{ms_per_hour}));
    const std::int64_t between = begin + ms(item.first_min);
    runs_.push_back({begin, between, stronger * item.first_w});
    if (item.second_min > 0)
      runs_.push_back({between, between + ms(item.second_min), stronger * item.second_w});
  }
}

// Edges of power first, which sorted and summed up are the levels.
void Household::make_levels(std::int64_t hour) {
  const std::int64_t begin = hour * ms_per_hour, end = begin + ms_per_hour;
  const double fridge_mean_w =
      fridge_w_ * static_cast<double>(fridge_on_ms_) / static_cast<double>(fridge_cycle_ms_);
  const double base_w =
      expected_w(day_of(hour), hour_of_day(hour)) - fridge_mean_w - expected_runs_wh_.front();
  levels_.clear();
  levels_.push_back({begin, std::max(0.0, base_w)});
  for (const Run& r : runs_) {
    if (r.begin_ms >= end) continue;
    levels_.push_back({std::max(begin, r.begin_ms), r.power_w});
    if (r.end_ms < end) levels_.push_back({r.end_ms, -r.power_w});
  }
  add_fridge(begin, end);
  std::stable_sort(levels_.begin(), levels_.end(),
                   [](const Level& a, const Level& b) { return a.begin_ms < b.begin_ms; });
  std::size_t last = 0;
  for (std::size_t k = 1; k < levels_.size(); ++k) {
    const double power_w = levels_[last].power_w + levels_[k].power_w;
    if (levels_[k].begin_ms != levels_[last].begin_ms) ++last;
    levels_[last] = {levels_[k].begin_ms, power_w};
  }
  levels_.resize(last + 1);
}

void Household::add_fridge(std::int64_t begin, std::int64_t end) {
  std::int64_t on =
      fridge_phase_ms_ +
      ledger::floor_div(begin - fridge_phase_ms_, fridge_cycle_ms_) * fridge_cycle_ms_;
  for (; on < end; on += fridge_cycle_ms_) {
    if (on + fridge_on_ms_ <= begin) continue;
    levels_.push_back({std::max(begin, on), fridge_w_});
    if (on + fridge_on_ms_ < end) levels_.push_back({on + fridge_on_ms_, -fridge_w_});
  }
}

}  // namespace twin
