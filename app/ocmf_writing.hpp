#pragma once
// `aipchain ocmf key`, `serve` and `write`: signed records of our own meters, on request.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Adds the subcommands to `ocmf`. Exit codes: 2 where key, scenario or export are wrong, 3 where an
// address cannot be listened at or a file not be written, 130 for a station that was stopped.
void add_ocmf_writing(CLI::App& ocmf, std::function<int()>& chosen);

}  // namespace app
