#pragma once
// What an account signs for itself: `aipchain tx order|cancel|transfer|retire|contract`, in a run's
// directory, where the twin's validators decide it, or against a running network. Consents:
// app/subject_command.hpp.

#include <functional>

namespace CLI {
class App;
}

namespace app {

// Below `tx`, which subject_command has added.
void add_tx_commands(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
