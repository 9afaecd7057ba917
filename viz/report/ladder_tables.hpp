#pragma once
// The tables of a ladder's report: a line a variant, each figure as its mean over the seeds and
// below it the paired difference to none with its 95 % interval.

#include <string>

#include "twin/ladder/ladder_runs.hpp"

namespace viz {

std::string limits_table(const twin::LadderRuns& all);    // what is left of overload and voltage
std::string measures_table(const twin::LadderRuns& all);  // what is done to homes, at what cost
std::string payers_table(const twin::LadderRuns& all);
std::string energy_table(const twin::LadderRuns& all);  // what was moved, and what is left undone
std::string worse_table(const twin::LadderRuns& all);   // elements by seed; empty where none is

}  // namespace viz
