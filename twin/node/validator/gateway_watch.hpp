#pragma once
// What a validator has lately seen gateways sign, so that two batches of one epoch, or two sets of
// marks of one slot, are found wherever the second one turns up. The two entries are proof: each
// ends in the gateway's signature over all that stands before it.

#include <map>
#include <tuple>

#include "ledger/chain/transaction.hpp"

namespace twin {

// As a record: kind u8 (of transaction), gateway u32, epoch or slot u32, then both entries, sized,
// the one seen first before the other.
struct SignedTwice {
  ledger::TransactionKind kind{};
  ledger::GatewayId gateway;
  std::uint32_t number = 0;  // epoch or slot
  ledger::Bytes first, second;
};
ledger::Bytes encode(const SignedTwice& twice);

class GatewayWatch {
 public:
  // Whether `see` would tell of it: then its signature is worth checking.
  bool contradicts(const ledger::Transaction& tx) const;
  // A transaction whose signature holds; batches and marks matter. Of each gateway and kind the
  // last `kept` are remembered; of one epoch or slot one contradiction is told.
  std::optional<SignedTwice> see(const ledger::Transaction& tx);

  static constexpr std::size_t kept = 8;

 private:
  struct Seen {
    ledger::Bytes entry;
    bool contradicted = false;
  };
  using Line = std::map<std::uint32_t, Seen>;                               // by epoch or slot
  std::map<std::pair<std::uint32_t, ledger::TransactionKind>, Line> seen_;  // by gateway
};

}  // namespace twin
