#pragma once
// `node`: one validator, observer or gateway as a process. `network`: all of a scenario's on this
// machine. `keys`, `genesis`: what a network of real parties is set up with.

#include <functional>

namespace CLI {
class App;
}

namespace app {

void add_node_commands(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
