#pragma once
// All homes' totals of a slot by masked sums (ledger/privacy/masked_sum.hpp): an operator learns
// the sum over each group of homes that were there, and no home's total. Groups have nothing to do
// with gateways: homes in the order of their accounts are dealt to groups of ten to 32, since each
// pair of a group shares a key.
//
// In the twin the homes and the operator speak here, not over the simulated network. What they say
// goes through the bytes that they would send.

#include <map>
#include <memory>

#include "ledger/privacy/masked_sum.hpp"
#include "twin/node/base/identity.hpp"

namespace twin {

// One slot's.
struct MaskedTotal {
  std::int64_t net_wh = 0;               // the sum over all homes of groups that have one
  std::vector<ledger::AccountId> homes;  // in it
  std::uint32_t hidden = 0;              // that were there, in groups with fewer than ten
  std::uint64_t bytes = 0;               // said by homes and operator
};

class MaskedTotals {
 public:
  // Fewer than ten homes have no group. A home's secret for its masks follows from what it signs
  // with, which its gateway does not hold.
  MaskedTotals(const Identities& identities, const ledger::Hash& chain_id,
               ledger::Verifier& verifier);
  ~MaskedTotals();

  std::size_t groups() const { return groups_.size(); }

  // Rising slots. `net_wh`: by account, of the homes that have a total in the slot.
  MaskedTotal total(ledger::Slot slot, const std::map<ledger::AccountId, std::int64_t>& net_wh);

 private:
  struct Group;
  ledger::Verifier& verifier_;
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace twin
