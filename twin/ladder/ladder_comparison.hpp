#pragma once
// A ladder's variants against none and against each other. Differences are paired by seed: run
// less the run without measures of the same seed. Variant 0 is "none"; the others are the rungs,
// and "all" of them where there are several.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "twin/ladder/ladder_runs.hpp"
#include "twin/ladder/paired_difference.hpp"

namespace twin {

// Whether every run of a variant has the figure.
bool has_figure(const LadderRuns& all, std::size_t variant, const std::string& figure);

// Over the seeds; the figure is there.
Estimate over_seeds(const LadderRuns& all, std::size_t variant, const std::string& figure);
Estimate against_none(const LadderRuns& all, std::size_t variant, const std::string& figure);

// What an hour of overload that was avoided cost, mean cost by mean difference; nothing where none
// was.
std::optional<double> eur_per_avoided_hour(const LadderRuns& all, std::size_t variant);

// An element that was longer outside of its limits than with none, by more than a tenth of a second
// (less is below what a step of the physics resolves), or further, by more than a Wh above its
// limit.
struct Worse {
  std::uint64_t seed = 0;
  std::string element;
  LadderRun::Outside before, after;
};
std::vector<Worse> worse_elements(const LadderRuns& all, std::size_t variant);
std::size_t seeds_with_worse(const LadderRuns& all, std::size_t variant);

// What variants are weighed by against each other; less is better of each. What homes pay is not
// among them: one's fee is another's income.
struct Criterion {
  const char* name;
  const char* words;  // in a sentence: "more ...", "less ..."
  const char* figure;
  int decimals;  // that are shown; means that differ by less than half of the last one are the same
};
constexpr std::array<Criterion, 7> criteria{
    {{"overload kWh", "overload", "overload_kwh", 2},
     {"voltage min", "time outside the voltage band", "voltage_minutes", 0},
     {"EV unmet kWh", "energy that cars lack", "ev_unmet_kwh", 2},
     {"curtailed kWh", "curtailed PV", "curtailed_kwh", 1},
     {"cold K h", "cold", "cold_kelvin_hours", 1},
     {"cost EUR", "cost", "cost_eur", 2},
     {"Gini", "unequal limits", "limited_gini", 2}}};

// 1: no other variant but "none" has less of it.
std::size_t rank_of(const LadderRuns& all, std::size_t variant, const Criterion& criterion);

// Which criteria a variant has less of than another one, and which it has more of; by means.
struct TradeOff {
  std::vector<std::size_t> better, worse;  // indices of `criteria`
  bool operator==(const TradeOff&) const = default;
};
TradeOff trade_off(const LadderRuns& all, std::size_t variant, std::size_t other);

// Variants but "none" that are no worse in anything weighed, and better in something.
std::vector<std::string> beaten_by(const LadderRuns& all, std::size_t variant);

}  // namespace twin
