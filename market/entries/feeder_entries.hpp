#pragma once
// Findings about feeders as a transaction. They name meters and hold sums that are nobody's to
// publish, so that they stand in openings.
//
// feeder findings  body     oracle u32 (index in genesis), slot u32, count u32, oracle's signature
//                           64
//                  opening  account 16 (of the feeder's meter), then the findings as
//                           ledger/oracle/feeder_evidence.hpp has them, 164
//
// The state takes them of a slot that is closed, once a feeder and oracle, where they are about the
// sums that its marks gave and follow from themselves. Of several oracles' findings the median
// counts (ledger/oracle/feeder_median.hpp): of the first of them that are enough, or of those that
// have come when the state's patience ends. Losses, what is not metered, and the statistics are
// the oracle's word, which another one can compute again from the same marks and the network.

#include <optional>

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "ledger/oracle/feeder_evidence.hpp"

namespace market {

using namespace ledger;

struct FindingsBody {
  std::uint32_t oracle = 0;
  Slot slot;
  std::uint32_t count = 0;
  Signature signature{};
};
Bytes encode(const FindingsBody& body);
Result<FindingsBody> decode_findings_body(BytesView body);

struct OwnedFindings {
  AccountId account;
  FeederFindings findings;
};
Bytes encode(const OwnedFindings& findings);
Result<OwnedFindings> decode_owned_findings(BytesView opening);

// `meter`: the feeder's own, whose account owns the findings. The salts of several oracles' differ.
Opening opening_of(const SubjectKey& restricted_key, MeterId meter, const OwnedFindings& findings,
                   std::uint32_t oracle = 0);

// What several oracles' findings of a feeder and slot come to.
struct FeederVerdict {
  std::uint32_t feeder = 0;
  Slot slot;
  std::optional<FeederFindings> median;  // none: it was told before
  std::vector<std::uint32_t> apart;      // oracles whose findings lie apart from the median
};

// What the homes that are not quarantined and the feeder meter measured together.
FeederSums sums_of(const FeederSlot& slot);

}  // namespace market
