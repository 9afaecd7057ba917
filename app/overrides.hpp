#pragma once
// --set key=value and --seed N, as `run`, `field` and `meter` take them.

#include <string>
#include <vector>

#include "twin/scenario/scenario_reader.hpp"

namespace app {

// `seed` may be empty: not given.
ledger::Result<std::vector<twin::Override>> parse_overrides(const std::vector<std::string>& set,
                                                            const std::string& seed = {});

}  // namespace app
