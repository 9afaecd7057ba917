#pragma once
// `aipchain erase`: destroys what a run's directory holds of one subject, by a record on its log.

#include <functional>

namespace CLI {
class App;
}

namespace app {

void add_erase_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
