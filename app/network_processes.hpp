#pragma once
// Nodes as child processes of this one.

#include <chrono>
#include <string>
#include <vector>

#include "ledger/base/time.hpp"

namespace app {

// The next whole second that leaves time for processes to start.
ledger::CivilTime soon();

// Starts `aipchain node FILE` for each and waits until the time is over (zero: never), a signal
// comes or one of them ends; then ends them all and gives the exit code. What each prints goes to
// FILE with .json for .toml, and all of it, {"nodes": [...]}, to stdout.
int run_processes(const std::vector<std::string>& files, std::chrono::nanoseconds duration,
                  bool quiet);

}  // namespace app
