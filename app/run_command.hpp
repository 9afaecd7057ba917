#pragma once
// `aipchain run SCENARIO`: a scenario in the twin.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommand; parsing sets `chosen` where it was asked for.
void add_run_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
