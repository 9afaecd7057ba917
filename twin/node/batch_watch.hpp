#pragma once
// What a validator has lately seen gateways sign, so that two batches of one epoch are found
// wherever the second one turns up. The two entries are proof: each ends in the gateway's signature
// over all that stands before it.

#include <map>

#include "ledger/oracle/batch.hpp"

namespace twin {

// As a record: gateway u32, epoch u32, then both entries, sized, the one seen first before the
// other.
struct TwoBatches {
  ledger::GatewayId gateway;
  std::uint32_t epoch = 0;
  ledger::Bytes first, second;
};
ledger::Bytes encode(const TwoBatches& two);

class BatchWatch {
 public:
  // A batch whose signature holds. Of each gateway the last `epochs_kept` epochs seen are
  // remembered; of an epoch one contradiction is told.
  std::optional<TwoBatches> see(const ledger::Transaction& batch);

  static constexpr std::size_t epochs_kept = 8;

 private:
  struct Seen {
    ledger::Bytes entry;
    bool contradicted = false;
  };
  std::map<std::uint32_t, std::map<std::uint32_t, Seen>> seen_;  // by gateway and epoch
};

}  // namespace twin
