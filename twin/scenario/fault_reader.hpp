#pragma once
// The [[fault]]s of a scenario: of the grid, of validators and of meters. Private to the readers of
// this room.

#include "twin/scenario/scenario.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

// Adds it to the scenario, whose time, ledger and consensus have been read.
void read_fault(TomlTable t, Scenario& scenario);

}  // namespace twin
