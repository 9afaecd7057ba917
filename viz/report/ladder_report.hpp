#pragma once
// The report of a congestion ladder: what rungs do against none and against each other, one HTML
// page as `report.hpp` has it. The same runs give the same bytes.

#include <string>

#include "twin/ladder/ladder_runs.hpp"

namespace viz {

// Of runs that are compared with none, at least one rung beside it and one seed.
std::string render_ladder_report(const twin::LadderRuns& all);

}  // namespace viz
