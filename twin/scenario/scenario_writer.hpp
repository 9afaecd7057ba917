#pragma once
// Writes a scenario with all defaults and every home spelled out. Reading it back on the same grid
// gives the same scenario.

#include <string>

#include "twin/grid/model/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

std::string write_scenario(const Scenario& scenario, const Network& network);

}  // namespace twin
