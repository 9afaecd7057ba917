#pragma once
// The feeder as trade sees it, told by the grid operator that signs it: from a slot on, until
// another one is told, what trades may add to the feeder's flows (grid-aware clearing) or what its
// tree of fees is (fee tree), and at which bus or node each home stands.
//
// trading grid  body     from slot u32, form u8 (0 limits, 1 fees), buses u32 (or nodes), pieces
//                        u32, homes u32, grid operator's signature 64
//               opening  in this order:
//                        1. its key     account 16 ("grid operator"), version u8 = 1, restricted
//                        key
//                                       32: seals what is restricted to the grid operator. It is
//                                       the same in all of a chain's entries of this kind.
//                        2. the pieces  of the feeder's bytes (market/entries/operator_pieces.hpp)
//                        3. the homes   account 16, version u8 = 1, meter u32, from slot u32, bus
//                        u32;
//                                       by rising meter
// The feeder's bytes:
//   limits  rows u32, of each: room i64, terms u32, of each: bus u32, coefficient i32
//   fees    of each node: parent u32, up u32, down u32 (micro-euro per kWh)
// A transaction holds 1 MiB: some 120,000 terms, or 80,000 nodes. What holds more is refused.
//
// The body shows how large a feeder is and how many homes stand in it, and nothing of who stands
// where. A home's opening is restricted to it, all others to the grid operator.
//
// The state takes it for slots that have not begun, each for a later one than the last. The feeder
// is as check_trade_limits or check_fee_tree has it, and of the form that the chain's mechanism
// clears by.

#include <map>
#include <variant>

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "market/clearing/fee_tree.hpp"
#include "market/clearing/mechanism.hpp"
#include "market/clearing/trade_limits.hpp"
#include "market/entries/operator_pieces.hpp"

namespace market {

using namespace ledger;

using FeederTerms = std::variant<TradeLimits, FeeTree>;
enum class FeederForm : std::uint8_t { limits = 0, fees = 1 };
FeederForm form_of(const FeederTerms& feeder);
// By which a mechanism clears; none: it needs no feeder.
std::optional<FeederForm> form_of(Mechanism mechanism);
std::uint32_t buses_of(const FeederTerms& feeder);  // or nodes
// The first thing that is out of bounds or form, or empty.
std::string check_feeder(const FeederTerms& feeder);

struct TradingGridBody {
  Slot from;
  FeederForm form = FeederForm::limits;
  std::uint32_t buses = 0, pieces = 0, homes = 0;
  Signature signature{};
};
Bytes encode(const TradingGridBody& body);
Result<TradingGridBody> decode_trading_grid_body(BytesView body);

struct GridOperatorKey {
  SubjectKey key{};
};
Bytes encode(const GridOperatorKey& key);
Result<GridOperatorKey> decode_grid_operator_key(BytesView opening);

struct HomePlace {
  AccountId account;
  MeterId meter;
  Slot from;
  std::uint32_t bus = 0;
};
Bytes encode(const HomePlace& place);
Result<HomePlace> decode_home_place(BytesView opening);
Opening opening_of(const SubjectKey& restricted_key, const HomePlace& place);

Bytes encode(const FeederTerms& feeder);
Result<FeederTerms> decode_feeder(FeederForm form, std::uint32_t buses, BytesView bytes);

struct TradingGrid {
  Slot from;
  SubjectKey operator_key{};
  FeederTerms feeder;
  std::vector<HomePlace> homes;  // by rising meter
};
// All that an entry with its openings says, in its canonical form and within its bounds.
Result<TradingGrid> decode_trading_grid(const Transaction& tx);

// Signed. The feeder passes check_feeder; `homes`: their openings (opening_of), by rising meter.
// Refused where it does not fit into a transaction.
Result<Transaction> trading_grid_of(const Hash& chain_id, Slot from, const FeederTerms& feeder,
                                    std::vector<Opening> homes, const SubjectKey& operator_key,
                                    Signer& grid_operator);

}  // namespace market
