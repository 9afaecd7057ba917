#pragma once
// A signed paper of one metering point: a meter's swap, a key's change, a departure. Taken beside
// the ledger by who keeps the point: its gateway, and the oracles that attest what it posts.
// Refused is what the ledger would refuse as well; whose key the old one was it alone knows for
// sure.

#include <functional>

#include "market/metered_point.hpp"

namespace market {

struct PaperTerms {
  const Genesis& genesis;
  const Hash& chain_id;
  GatewayId gateway;
  Slot now;            // of the batch that is being collected, or judged
  Verifier& verifier;  // all outlive the call
};

// The slot that it acts in. `point_of` gives the gateway's own points, and null of other meters.
Result<Slot> take_paper(const Transaction& tx, const PaperTerms& terms,
                        const std::function<MeteredPoint*(MeterId)>& point_of);

// The change of the gateway's own key; nothing where it is known already.
Result<void> take_gateway_key(const Transaction& tx, const PaperTerms& terms, KeyLine& keys);

}  // namespace market
