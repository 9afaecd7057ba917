#pragma once
// A ladder's runs with figures made up by hand, for tests of what is said of them.

#include "twin/ladder/ladder_runs.hpp"

namespace test {

// All figures that summaries have, 0.
twin::LadderRun idle_run();

// A street of three homes on seeds 7, 8, ...: "none", "dimming-14a", "flexibility" and "all", of
// which figures differ by variant and seed as the .cpp lists them; compared with none.
twin::LadderRuns made_up_ladder(std::size_t seeds = 3);

}  // namespace test
