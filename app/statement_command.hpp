#pragma once
// `aipchain statement`: an account's year from the ledger alone, as JSON or in words.

#include <functional>

namespace CLI {
class App;
}

namespace app {

void add_statement_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
