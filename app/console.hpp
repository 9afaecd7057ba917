#pragma once
// What all subcommands share: exit codes, errors, interruption.

#include <atomic>
#include <string>

namespace app {

enum ExitCode : int {
  done = 0,
  does_not_hold = 1,
  wrong_input = 2,
  failed = 3,
  interrupted = 130,
};

// One line on stderr; gives the code, for `return complain(...)`.
int complain(ExitCode code, const std::string& message);

// Set by the first SIGINT or SIGTERM after stop_on_signals(); a second one ends the process.
extern std::atomic<bool> stop_requested;
void stop_on_signals();

}  // namespace app
