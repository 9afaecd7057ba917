#pragma once
// A signed paper of one metering point, beside the ledger: a meter's swap, a key's change, a
// departure. Its gateway keeps to it, and so do the oracles that attest what the gateway posts.
//
// A swap acts at once. A key's change and a departure act once the ledger has them, however late
// that is: until then the point stays what it was, for the gateway, the oracles and the auditor.

#include <functional>

#include "market/metering/metered_point.hpp"

namespace market {

// Validators tell a gateway of a paper that the ledger has with each word that batches of it are
// there, for so many slots behind the one that it acts in, or that it came in.
inline constexpr std::uint32_t slots_told_of_paper = 8;

struct PaperTerms {
  const Genesis& genesis;
  const Hash& chain_id;
  GatewayId gateway;
  Slot now;                // of the batch that is being collected, or judged
  Verifier& verifier;      // all outlive the call
  bool on_ledger = false;  // the ledger has it: then it may be of a slot that is over
};

// `point_of` gives the gateway's own points, and null of other meters.

// Whether a key's change or a departure may go to the ledger; the slot that it is about. What is
// refused the ledger would refuse as well; whose key the old one was it alone knows for sure.
Result<Slot> check_paper(const Transaction& tx, const PaperTerms& terms,
                         const std::function<MeteredPoint*(MeterId)>& point_of);
// The same acts, checked by whom one trusts.
Result<void> act_on_paper(const Transaction& tx,
                          const std::function<MeteredPoint*(MeterId)>& point_of);
// Of all three kinds: checked, and it acts.
Result<Slot> take_paper(const Transaction& tx, const PaperTerms& terms,
                        const std::function<MeteredPoint*(MeterId)>& point_of);

// The change of the gateway's own key; nothing where it is known already.
Result<void> take_gateway_key(const Transaction& tx, const PaperTerms& terms, KeyLine& keys);

}  // namespace market
