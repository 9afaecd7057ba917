#pragma once
// [consensus]. Private to the readers of this room.

#include "twin/scenario/scenario.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

ConsensusSpec read_consensus(TomlTable t);

}  // namespace twin
