#pragma once
// `aipchain meter serve` and `aipchain meter read`.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommand; parsing sets `chosen` where it was asked for. `chosen` returns the exit
// code: 0, 2 (device map, scenario, address or id is wrong) or 3 (the device or the network
// failed).
void add_meter_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
