#pragma once
// Reads the tables [[congestion]], a ladder's rungs in their order, and [ladder], which of them
// act.

#include "twin/scenario/scenario.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

// Behind the scenario's other rungs.
void read_rung(TomlTable t, Scenario& s);

// `rungs`: "all", or names of rungs that the file has; "none" always is one, and then alone.
void read_ladder(TomlTable t, Scenario& s);

}  // namespace twin
