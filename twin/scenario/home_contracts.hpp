#pragma once
// What a home signs once with the ledger and what it would rather have in bilateral trade, as a
// scenario says it: `contracts` and `prefer` of a [[population]] or a [[prosumer]].

#include <string>
#include <vector>

#include "ledger/base/rng.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

// Of a population's homes, how many have it and what its figures are drawn from.
struct ContractRanges {
  std::string where, where_at;
  double share = 1;
  ContractSpec spec;  // but for energy and price
  Range energy_kwh{}, eur_per_kwh{};
};

struct PreferenceRanges {
  std::string where, where_partner;
  double share = 0;
  PreferenceSpec spec;
};

std::vector<ContractRanges> read_contracts(TomlTable& home, bool population);
PreferenceRanges read_preference(TomlTable t, bool population);

// Of one home, by its own stream.
std::vector<ContractSpec> draw_contracts(const std::vector<ContractRanges>& all,
                                         const ledger::Rng& home);
PreferenceSpec draw_preference(const PreferenceRanges& ranges, const std::string& name,
                               const ledger::Rng& home);

// What needs the rest of the scenario: a grid operator, a mechanism that heeds preferences. The
// error names the key.
ledger::Result<void> check_contracts(const std::vector<ContractRanges>& all, const Scenario& s);
ledger::Result<void> check_preference(const PreferenceRanges& ranges, const Scenario& s);

}  // namespace twin
