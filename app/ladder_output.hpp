#pragma once
// Where a ladder's runs go, and what is left beside them.

#include <string>

#include "ledger/base/result.hpp"
#include "twin/ladder/ladder_runs.hpp"

namespace app {

// The directory asked for, which must be new or empty, or the first free of runs/NAME-ladder-1, -2,
// ... It is made now: what hours of runs come to has a place.
ledger::Result<std::string> make_ladder_directory(const std::string& asked,
                                                  const std::string& name);

// DIR/ladder.json, as `--json` prints it, and DIR/report.html.
ledger::Result<void> write_ladder(const std::string& directory, const twin::LadderRuns& all);

std::string report_line(const std::string& directory);  // that says where the report lies

}  // namespace app
