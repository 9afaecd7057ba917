#pragma once

#include <string>

#include "twin/ladder/ladder_runs.hpp"

namespace app {

// A ladder's tables to read: means and what they are against none, who pays, trade-offs, and what
// got worse, a line each.
std::string ladder_text(const twin::LadderRuns& runs);

}  // namespace app
