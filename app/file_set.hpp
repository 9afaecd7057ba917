#pragma once
// The files of a run's directory as the auditor reads them.

#include "ledger/base/result.hpp"
#include "market/audit/files.hpp"

namespace app {

// Every file below a directory, read when asked for; what is no regular file, or larger than 1 GiB,
// cannot be read. An empty folder stands in the list with a slash at its end. Links are not
// followed into other folders.
ledger::Result<market::FileSet> files_below(const std::string& directory);

// DIR/log where that exists, DIR itself where that is a log.
ledger::Result<std::string> log_directory(const std::string& directory);

}  // namespace app
