#pragma once
// `aipchain market clear`: one slot's order book, by any of the mechanisms.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommand; parsing sets `chosen` where it was asked for. `chosen` returns the exit
// code: 0 (also where orders were refused, by name) or 2 (the book or the command line is wrong).
void add_market_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
