#pragma once

#include <string>

#include "twin/ladder/ladder_runs.hpp"

namespace app {

// All figures of a ladder's variants, their differences to none, what got worse, and how they are
// weighed: one object, a newline at the end.
std::string ladder_json(const twin::LadderRuns& runs);

}  // namespace app
