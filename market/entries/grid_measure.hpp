#pragma once
// What the grid operator did to homes in a slot, why, and what it owes them for it, as a
// transaction that it signs: one for a slot in which there were measures, posted with the last of
// them. What concerns the grid is public; which homes it concerned, what they were limited to and
// what they are owed is theirs.
//
// grid measure  body     slot u32, paid in u32, measures u8, then of each: rung u8, reason u8,
//                        minutes u16, element sized (1 to 64 bytes of printable ASCII); homes u32,
//                        signature 64
//               opening  account 16, version u8 = 2, meter u32, slot u32, paid in u32, measure u8,
//                        minutes u16, limit i32 (the lowest of them, W), change i32 (mean of them,
//                        W), owed i64 (micro-euro, 0 to 10^9)
// `homes` counts openings: a home and measure each, by rising meter, then measure. `measure` is the
// number of one in the body. The ledger takes the operator's word for what they were, for why, and
// for what each was worth: it can only owe.
//
// The state takes one a slot, of slots that have begun and in their order. What is owed is posted
// when the slot `paid in` closes, which is the measures' own or a later one, and open when the
// entry is taken, and pays no more than `most_paid_a_slot` homes and measures: an operator whose
// entry came too late, or finds no room, signs it again for a later one.

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/base/amounts.hpp"
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
inline constexpr std::size_t most_measures = 64;       // of a slot
inline constexpr MicroEuros most_owed{1'000'000'000};  // to a home for a measure in a slot
inline constexpr std::size_t most_paid_a_slot = 4 * max_openings;
// "dimming-14a", ...; "rung 12" of one without a name.
std::string name_of_rung(std::uint8_t rung);

struct GridMeasure {
  std::uint8_t rung = 0, reason = 0;
  std::uint16_t minutes = 0;  // 1 or more
  std::string element;
};

struct GridMeasureBody {
  Slot slot, paid_in;                 // the second is not before the first
  std::vector<GridMeasure> measures;  // 1 or more
  std::uint32_t homes = 0;
  Signature signature{};
};
Bytes encode(const GridMeasureBody& body);
Result<GridMeasureBody> decode_grid_measure_body(BytesView body);

struct HomeMeasure {
  AccountId account;
  MeterId meter;
  Slot slot, paid_in;
  std::uint8_t measure = 0;
  std::uint16_t minutes = 0;
  std::int32_t limit_w = 0, change_w = 0;
  MicroEuros owed;
};
Bytes encode(const HomeMeasure& measure);
Result<HomeMeasure> decode_home_measure(BytesView opening);

Opening opening_of(const SubjectKey& restricted_key, const HomeMeasure& measure);

// What an entry tells everybody of a measure, and one home.
using ToldMeasure = std::pair<GridMeasure, HomeMeasure>;

// Signed, with its openings in order; at most as many as a transaction holds.
Transaction grid_measure_of(const Hash& chain_id, Slot slot, Slot paid_in,
                            std::vector<GridMeasure> measures, std::vector<Opening> openings,
                            Signer& grid_operator);

}  // namespace market
