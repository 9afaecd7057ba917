#pragma once
// What a home signs with the ledger (market/settlement/contract.hpp), from its scenario's words:
// when it says it, and what the contracts leave to the home's agent.
//
// Each is said when orders for its first slot are, or, where that is over, for the first slot that
// has not begun. It is said again, for a later first slot, with the orders of each slot until the
// home hears that the ledger has it, or it would end before it begins: on its way to the ledger it
// may be lost, as an order may, and would be missed for long. The ledger's contracts order what was
// metered beyond the home's own orders; so that nothing is offered twice the agent orders what they
// would leave of what the home expects.

#include <vector>

#include "ledger/base/rng.hpp"
#include "market/settlement/contract.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

// A home's contracts without signatures, of chain and household as given; ids and tenants' names
// are drawn.
std::vector<market::Contract> contracts_of(const std::vector<ContractSpec>& all,
                                           ledger::AccountId account, ledger::MeterId meter,
                                           ledger::Duration slot, const ledger::Rng& rng);

class StandingContracts {
 public:
  explicit StandingContracts(const std::vector<market::Contract>& contracts);

  // Those to be said with the orders for `slot`; `next`: the first slot that has not begun. One
  // that would end before it begins is said no more.
  std::vector<market::Contract> begin(ledger::Slot slot, ledger::Slot next);
  // The ledger has the account's contracts of the template up to this number.
  void on_ledger(market::Template of, std::uint32_t number);
  // Of nets that the home expects, Wh, import positive: what those that stand in the slot would
  // leave of each.
  std::vector<std::int64_t> left_of(std::vector<std::int64_t> net_wh, ledger::Slot slot) const;

 private:
  std::vector<const market::Contract*> trading_in(ledger::Slot slot) const;

  struct Standing {
    market::Contract contract;
    bool said = false, on_ledger = false;
    bool is_due(ledger::Slot slot, ledger::Slot next) const;
  };
  std::vector<Standing> all_;
};

}  // namespace twin
