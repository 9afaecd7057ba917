#pragma once
// What a subject and whoever it trusts do with a run's personal data: `aipchain tx consent`,
// `aipchain access` and `aipchain export`.

#include <functional>

namespace CLI {
class App;
}

namespace app {

void add_subject_commands(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
