#pragma once
// What the grid operator's price rungs add to the grid fee, as the ledger has it: the fee of a slot
// is fixed while the one before it runs, told to the ledger (market/entries/fee_change.hpp), and is
// not changed any more. What rungs ask for later slots is a forecast. Nothing holds in the first
// slot.

#include <map>
#include <optional>
#include <vector>

#include "market/entries/fee_change.hpp"

namespace twin {

class FeeAnnouncer {
 public:
  // Genesis says the bounds, within which what rungs ask for is brought. The signer outlives this.
  FeeAnnouncer(const ledger::Genesis& genesis, ledger::Signer& grid_operator);

  // Once a minute. `fees`: what rungs add, micro-euro per kWh, from the running slot on; those that
  // are fixed take their place. What is to be sent to the validators now: a slot's fee, and once
  // more two minutes later, if it is not 0.
  std::optional<ledger::Transaction> announce(ledger::Slot running,
                                              std::vector<std::int64_t>& fees);

 private:
  std::int32_t within_bounds(std::int64_t fee) const;

  ledger::Hash chain_id_{};
  ledger::Price grid_fee_, retail_buy_;
  ledger::Signer* signer_;
  market::AddedFees fixed_;
  ledger::Slot running_;
  int minute_ = -1;  // of the running slot
};

}  // namespace twin
