#pragma once
// `aipchain ocmf verify`; `key`, `serve` and `write` are ocmf_writing.hpp's.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommand; parsing sets `chosen` where it was asked for. `chosen` returns the exit
// code: 0 (the record is valid), 1 (it is not) or 2 (the file cannot be read).
void add_ocmf_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
