#pragma once
// The [[event]]s of a scenario: what changes of homes in the registry. Private to the readers of
// this room.

#include "twin/scenario/scenario.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

// Adds it to the scenario, whose time, ledger and faults have been read.
void read_event(TomlTable t, Scenario& scenario);

}  // namespace twin
