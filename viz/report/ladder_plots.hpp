#pragma once
// The figures of a ladder's report.

#include "twin/ladder/ladder_runs.hpp"
#include "viz/report/plots.hpp"

namespace viz {

// Overload minutes and kWh against none by rung, with the intervals of the paired differences.
Figure relief_figure(const twin::LadderRuns& all);

// What is left of the overload against the operator's cost, and against homes' bills.
Figure price_of_relief_figure(const twin::LadderRuns& all);

// All that rungs are weighed by, a column of bars each.
Figure weighed_figure(const twin::LadderRuns& all);

}  // namespace viz
