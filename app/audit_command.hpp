#pragma once
// `aipchain audit`, `aipchain receipt` and `aipchain verify`: checks that need no operator.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommands; parsing sets `chosen` where one was asked for.
void add_audit_commands(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
