#pragma once
// A ladder's runs as they lie on disk.

#include <string>

#include "ledger/base/result.hpp"
#include "twin/ladder/ladder_runs.hpp"

namespace app {

// Of a run's directory, from summary.json and run.db.
ledger::Result<twin::LadderRun> read_ladder_run(const std::string& directory);

}  // namespace app
