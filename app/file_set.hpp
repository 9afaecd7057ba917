#pragma once
// The files of a run's directory as the auditor reads them.

#include "ledger/base/result.hpp"
#include "market/audit/files.hpp"

namespace app {

// Every file below a directory, read when asked for; larger than 1 GiB is refused as unreadable.
ledger::Result<market::FileSet> files_below(const std::string& directory);

// DIR/log where that exists, DIR itself otherwise.
std::string log_directory(const std::string& directory);

}  // namespace app
