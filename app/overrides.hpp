#pragma once
// --set key=value, as `run`, `field` and `meter` take it.

#include <string>
#include <vector>

#include "twin/scenario/scenario_reader.hpp"

namespace app {

ledger::Result<std::vector<twin::Override>> parse_overrides(const std::vector<std::string>& set);

}  // namespace app
