#pragma once
// The electricity use of a household without car and heat pump, fitted to the load profile H25
// (h25_table.hpp): a base load, a refrigerator that cycles, and runs of appliances (appliance.hpp).
//
//   P(t) = b(hour) + fridge(t) + sum of running appliances
//   T(hour) = annual_kwh E(day, hour) / sum of the year's E      H25 for this home's year
//   h(hour) = 1 + a (cos(theta - phi) - k)                       the home's habits, mean 1
//   b(hour) = T h - mean of fridge - mean of the runs in that hour
// The home draws its habits (early or late, a and phi), its appliances and their powers, how much
// of its energy they take, and its refrigerator. b is what is left of H25 once the expected power
// of the runs, also of those that began in the hours before, is taken off: so the expected power of
// a home is T h in every single hour, and of many homes, whose h average 1, T.
//
// Starts. Appliance i starts at lambda_i(month, day type, hour) = c_i h r_i(hour) (F E's table at
// mid-month - floor), r_i its readiness by hour, c_i such that its year's energy comes out. Over
// the n days of one month, day type and hour these are dealt without replacement: the days in an
// order of the home's own, side by side for each appliance, make a line of length n sum(lambda_i),
// and a start falls wherever a comb of spacing 1 with a random offset u meets it. So every start
// has its right probability, and a month neither piles up nor lacks dinners as a Poisson process
// would.
//
// Every hour of every day has its own forks of the home's stream for the comb and for what its runs
// are like; a run may reach into the two hours after. So P(t) is a function of time alone, constant
// between events, for any step, and a day or a home more changes nothing.
// Coincidence over many homes: docs/results/households.md.

#include <array>
#include <cstdint>
#include <vector>

#include "ledger/base/rng.hpp"
#include "ledger/base/time.hpp"
#include "twin/device/appliance.hpp"

namespace twin {

class Household {
 public:
  // annual_kwh: the expected energy of the calendar year that holds `start`, whose offset is kept
  // for all times (no change to or from summer time).
  Household(double annual_kwh, ledger::CivilTime start, ledger::Rng rng);

  // Mean power over [from, from + span), W: exact for any span above zero, cheapest when times
  // rise.
  double power_w(ledger::Instant from, ledger::Duration span) {
    const std::int64_t begin = offset_ms_ + from.whole_ms();
    const std::int64_t end = begin + span.whole_ms();
    return begin >= level_begin_ms_ && end <= level_end_ms_ ? level_w_ : mean_w(begin, end);
  }

 private:
  struct Level {  // of power, until the next one
    std::int64_t begin_ms;
    double power_w;
  };
  struct Run {
    std::int64_t begin_ms, end_ms;  // local
    double power_w;
  };
  struct Day {                        // and its place among the days of its month and day type
    std::int64_t number = INT64_MIN;  // local days since 1970
    int year = 0, month = 1;
    DayType type = DayType::workday;
    double dynamisation = 1;
    unsigned ordinal = 0, of = 1;
  };

  double mean_w(std::int64_t begin, std::int64_t end);
  void find_level(std::int64_t at);
  void load_hour(std::int64_t hour);
  const Day& day_of(std::int64_t hour);
  double expected_w(const Day& day, int hour) const;
  double habit(int hour) const;
  void draw_hour(std::int64_t hour);
  void draw_runs(const Appliance& appliance, double power_factor, std::int64_t count,
                 std::int64_t hour, ledger::Rng& rng);
  void make_levels(std::int64_t hour);
  void add_fridge(std::int64_t begin, std::int64_t end);

  // The level that holds the last time asked for; all times are local, in ms since 1970.
  std::int64_t level_begin_ms_ = 0, level_end_ms_ = 0;
  double level_w_ = 0;
  std::int64_t offset_ms_;  // from scenario time
  std::int64_t loaded_hour_ = INT64_MIN;
  std::vector<Level> levels_;  // of the loaded hour
  std::vector<Run> runs_;      // that may touch the loaded hour
  // What is drawn in the loaded hour and the two after it by runs that began up to it, on average.
  std::array<double, longest_run_h> expected_runs_wh_{};
  std::array<Day, 2> days_;  // by parity of their number
  ledger::Rng rng_;

  // The home's own.
  double scale_;  // annual_kwh over the profile's sum
  double habit_cos_ = 0, habit_sin_ = 0, habit_mean_ = 0;
  double fridge_w_ = 0;  // while it runs
  std::int64_t fridge_cycle_ms_ = 1, fridge_on_ms_ = 0, fridge_phase_ms_ = 0;
  std::array<double, appliances> starts_{};        // an hour and kWh of activity: c_i
  std::array<double, appliances> power_factor_{};  // of the home's own appliance
};

}  // namespace twin
