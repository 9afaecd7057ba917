#pragma once
// `aipchain grid solve` and `aipchain grid convert`.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommand; parsing sets `chosen` where it was asked for. `chosen` returns the exit
// code: 0, 1 (the power flow did not converge), 2 (the file or the command line is wrong) or 3 (the
// output cannot be written).
void add_grid_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
