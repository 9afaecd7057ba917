#pragma once
// Which homes behind a gateway an attack of the scenario is aimed at.

#include "ledger/base/ids.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

struct Attacked {
  Attack attack;
  std::size_t place = 0;  // of the home among the attack's
  ledger::MeterId meter;
};

// Those of these kinds, in the scenario's order. A home's meter has the home's number.
std::vector<Attacked> attacked_behind(const Scenario& scenario, std::uint32_t gateway,
                                      const std::vector<Attack::Kind>& kinds);

}  // namespace twin
