#pragma once
// Where a run goes and what is said of it, for `run` and `field`.

#include <string>

#include "app/console.hpp"
#include "ledger/base/result.hpp"

namespace app {

// The directory asked for, which must be new or empty; or the first free of runs/NAME-1, -2, ...
ledger::Result<std::string> output_directory(const std::string& asked, const std::string& name);

// DIR/report.html from DIR/run.db and the summary's text.
ledger::Result<void> write_report(const std::string& directory, const std::string& summary);

// How the run of this summary's text ended, once all of it is written: warns of what its figures
// cannot be trusted in (unless `quiet`), and gives the exit code.
ExitCode outcome_of(const std::string& summary, bool quiet);

// A few lines for a person.
std::string describe_run(const std::string& directory, const std::string& summary);

}  // namespace app
