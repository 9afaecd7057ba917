#pragma once
// Who signed what a receipt shows: the roles by genesis' keys, gateway and account by the keys that
// they had in the slot that each entry is about. A key change is signed by the key before as well,
// unless that is lost.

#include "market/receipt/receipt_openings.hpp"

namespace market {

// The account's gateway, with its keys by slot; none where nothing in the receipt makes it one.
struct ReceiptGateway {
  GatewayId id;
  std::optional<KeyLine> keys;

  // Whether an entry that names a gateway and is about a slot is this one's.
  bool signed_entry(const ProvenEntry& e, GatewayId named, Slot slot, const Signature& signature,
                    const TrustRoot& trust) const;
};

// All but the batches' signatures, which market/receipt/receipt_readings.hpp asks the gateway
// about.
ReceiptGateway check_signatures(const ReceiptEntries& entries, const ReceiptOpenings& openings,
                                Slot slot, const TrustRoot& trust);

}  // namespace market
