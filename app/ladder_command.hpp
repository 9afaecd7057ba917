#pragma once
// `ladder SCENARIO`: runs none of a scenario's congestion rungs, each of them alone, and all in
// their order, on the same seeds, each run as a process of its own; prints one table and leaves a
// report beside the runs.

#include <functional>

namespace CLI {
class App;
}

namespace app {

void add_ladder_command(CLI::App& program, std::function<int()>& chosen);

}  // namespace app
