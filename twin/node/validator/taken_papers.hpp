#pragma once
// Key changes and departures that the ledger took lately, by gateway: what a validator tells each
// gateway of its own points and of its key. It does so with every word of progress until the
// gateway's batches on the ledger are eight slots beyond: one that was cut off hears of it once it
// is back, also of papers that others brought.

#include <map>
#include <vector>

#include "ledger/base/shared_bytes.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/chain/genesis.hpp"

namespace twin {

// Whose points' papers a transaction is, a gateway's key change its own; nothing of other kinds.
std::optional<ledger::GatewayId> gateway_of_paper(const ledger::Transaction& tx);

class TakenPapers {
 public:
  // For gateways below this number: others are no nodes of this network. None where nobody tells.
  explicit TakenPapers(std::uint32_t gateways) : gateways_(gateways) {}

  void take(const ledger::Block& block, const ledger::Genesis& genesis);
  // What is left to tell a gateway whose last batch on the ledger is of this slot.
  std::vector<ledger::SharedBytes> of(ledger::GatewayId gateway, ledger::Slot batches);

 private:
  struct Taken {
    ledger::Slot acts;
    ledger::SharedBytes message;
  };
  std::uint32_t gateways_;
  std::map<std::uint32_t, std::vector<Taken>> by_gateway_;
};

}  // namespace twin
