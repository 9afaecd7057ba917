#pragma once
// The public bodies of what the state machine makes itself when a slot closes: one settlement, then
// the statements, one transaction a gateway by rising id, so that none grows with the village;
// where a gateway's are above 1 MiB or 4,096, by account in as many as it takes, each as full as it
// can be.
//
// settlement    body     slot u32, priced u8 (0 or 1), price i64 (0 where not priced), volume i64,
//                        import i64, export i64 (Wh; -1 where ledger/oracle/public_sum.hpp hides
//                        the sum), accounts u32, orders u32, gateways u32 (transactions of
//                        statements behind it), book root 32, statements root 32, content root 32
//               no openings
// statements    body     slot u32, gateway u32, count u32
//               opening  one statement a home of the gateway, by account
//               (market/settlement/settlement.hpp)
//
// Statements root: RFC 6962 over the statements' entries. What was minted, retired or quarantined
// is not public: beside the sums of import and export it would single out homes.

#include <optional>

#include "ledger/base/amounts.hpp"
#include "ledger/base/bytes.hpp"
#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/chain/block.hpp"

namespace market {

using namespace ledger;

struct SettlementBody {
  Slot slot;
  std::optional<Price> price;
  WattHours volume;
  std::optional<WattHours> imported, exported;
  std::uint32_t accounts = 0, orders = 0, gateways = 0;
  Hash book_root{}, statements_root{}, content_root{};
};
Bytes encode(const SettlementBody& body);
Result<SettlementBody> decode_settlement_body(BytesView body);

// Of the slot that a block closes; null where it closes none.
const Transaction* settlement_in(const ledger::Block& block);

struct StatementsBody {
  Slot slot;
  GatewayId gateway;
  std::uint32_t count = 0;
};
Bytes encode(const StatementsBody& body);
Result<StatementsBody> decode_statements_body(BytesView body);

}  // namespace market
