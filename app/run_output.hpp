#pragma once
// Where a run goes and what is said of it, for `run` and `field`.

#include <string>

#include "ledger/base/result.hpp"
#include "twin/scenario/scenario.hpp"

namespace app {

// The directory asked for, which must be new or empty; or the first free of runs/NAME-1, -2, ...
ledger::Result<std::string> output_directory(const std::string& asked,
                                             const twin::Scenario& scenario);

// DIR/report.html from DIR/run.db and the summary's text.
ledger::Result<void> write_report(const std::string& directory, const std::string& summary);

// A few lines for a person.
std::string describe_run(const std::string& directory, const std::string& summary);

}  // namespace app
