#pragma once
// [consensus], and the [[fault]]s that befall validators. Private to the readers of this room.

#include <vector>

#include "twin/scenario/scenario.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

ConsensusSpec read_consensus(TomlTable t);

// Some keys are of some kinds of fault only.
void refuse_keys_of_other_kinds(TomlTable& t, const std::string& kind);
// `before`: the validators' faults read so far.
ValidatorFault read_validator_fault(TomlTable& t, const std::string& kind, std::uint32_t validators,
                                    const std::vector<ValidatorFault>& before);

}  // namespace twin
