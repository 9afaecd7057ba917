#pragma once
// `aipchain field BENCH` and `aipchain replay RECORDING`.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommands; parsing sets `chosen` where one was asked for.
void add_field_command(CLI::App& program, std::function<int()>& chosen);
void add_replay_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
