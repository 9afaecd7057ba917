#pragma once
// What a household switches on: the catalogue of appliances that the household model draws from.
//
// A run has one or two phases of constant power, p1 for d1 and then p2 for d2, so an energy of
//   E = p1 d1 + p2 d2
// Runs begin uniformly within an hour. `spill_wh[j]` is what a run that began in some hour draws,
// on average, in the j-th hour after it (0: the same one); the spills add up to E. All runs of one
// appliance vary by a factor of duration, uniform in [1 - v, 1 + v] with v = duration_spread, over
// which the spills are averages.
//
// Powers, durations and starts are round figures of our own for today's German homes; their
// hours follow the load profile and `when`, so that the population's mean is the profile's in any
// case (household.hpp).

#include <array>
#include <string_view>

#include "twin/device/day_type.hpp"

namespace twin {

constexpr std::size_t appliances = 12;
constexpr std::size_t longest_run_h = 3;  // a run ends within the second hour after its own
constexpr double duration_spread = 0.3;

enum class When : std::uint8_t { any, meals, daytime, evening };  // when people use it

struct Appliance {
  std::string_view name;
  double first_w, first_min, second_w, second_min;
  double starts_a_day;  // of a home that has one
  double owned;         // share of homes
  When when;
  double energy_wh = 0;
  std::array<double, longest_run_h> spill_wh{};
};

// By energy of a run, smallest first.
const std::array<Appliance, appliances>& appliance_catalogue();

// Relative readiness to start by hour of day, near 1 on average.
double readiness(When when, int hour);

}  // namespace twin
