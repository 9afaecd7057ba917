#pragma once
// `aipchain view SCENARIO|DIR`.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommand; parsing sets `chosen` where it was asked for. `chosen` returns the exit
// code: 0, 2 (the scenario, the run or the time is wrong) or 3 (no display, or a picture cannot be
// written).
void add_view_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
