#pragma once
// What the grid operator did to homes in a slot, and why, as a transaction that it signs: one for
// a slot in which there were measures, posted once it is over. What concerns the grid is public;
// which homes it concerned, and what they were limited to, is theirs.
//
// grid measure  body     slot u32, measures u8, then of each: rung u8, reason u8, minutes u16,
//                        element sized (1 to 64 bytes of printable ASCII); homes u32, signature 64
//               opening  account 16, version u8, meter u32, slot u32, measure u8, minutes u16,
//                        limit i32 (the lowest of them, W), change i32 (mean of them, W)
// `homes` counts openings: a home and measure each, by rising meter, then measure. `measure` is the
// number of one in the body. The ledger takes the operator's word for what they were, and for why.
//
// The state takes one a slot, of slots that have begun and in their order.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace market {

using namespace ledger;

// Rungs of the ladder and reasons by number, as scenarios and receipts name them; further rungs, up
// to `most_rungs`, have no name yet. A limit is on import ("envelopes": on import or export), of a
// curtailment on what is fed in or consumed, of flexibility the change that was bought.
inline constexpr std::array<std::string_view, 8> names_of_rungs{
    "none",        "time-of-use", "dynamic-grid-fee", "capacity-tariff",
    "dimming-14a", "envelopes",   "flexibility",      "curtailment"};
inline constexpr std::array<std::string_view, 3> names_of_reasons{"loading", "low voltage",
                                                                  "high voltage"};
inline constexpr std::uint8_t most_rungs = 16, most_reasons = names_of_reasons.size();
inline constexpr std::size_t most_measures = 64;  // of a slot

struct GridMeasure {
  std::uint8_t rung = 0, reason = 0;
  std::uint16_t minutes = 0;  // 1 or more
  std::string element;
};

struct GridMeasureBody {
  Slot slot;
  std::vector<GridMeasure> measures;  // 1 or more
  std::uint32_t homes = 0;
  Signature signature{};
};
Bytes encode(const GridMeasureBody& body);
Result<GridMeasureBody> decode_grid_measure_body(BytesView body);

struct HomeMeasure {
  AccountId account;
  MeterId meter;
  Slot slot;
  std::uint8_t measure = 0;
  std::uint16_t minutes = 0;
  std::int32_t limit_w = 0, change_w = 0;
};
Bytes encode(const HomeMeasure& measure);
Result<HomeMeasure> decode_home_measure(BytesView opening);

Opening opening_of(const SubjectKey& restricted_key, const HomeMeasure& measure);

// Signed, with its openings in order; at most as many as a transaction holds.
Transaction grid_measure_of(const Hash& chain_id, Slot slot, std::vector<GridMeasure> measures,
                            std::vector<Opening> openings, Signer& grid_operator);

}  // namespace market
