#pragma once
// A grid fee that differs by slot: the grid operator adds to genesis' fee, or takes from it, in
// slots that have not begun, for all to see. What is added is part of the retail price as well, so
// that the retailer's own part stays; the local grid fee of a neighbour's kWh stays too, which
// makes neighbours the cheaper the dearer the grid is.
//
// tariff change  (kind 14)  body  first slot u32, slots u16 (1 to 1,000), of each: added i32
//                                 (micro-euro per kWh), grid operator's signature 64
//                no openings
//
// The state takes one for slots that have not begun, each of which has none yet; 0 says nothing and
// may be there. With it, the fee is 0 to 100 EUR/kWh, and so is the retail price. Energy that a
// statement settles for several slots has the prices of the slot that settles it, and so has what
// a ruling puts in its place.

#include <map>
#include <vector>

#include "ledger/chain/transaction.hpp"
#include "ledger/crypto/ed25519.hpp"
#include "market/clearing/tariff.hpp"

namespace market {

using namespace ledger;

inline constexpr std::size_t max_fee_slots = 1000;  // of one change

struct FeeChange {
  Slot first;
  std::vector<std::int32_t> added;  // micro-euro per kWh, by slot from the first on
  Signature signature{};
};
Bytes encode(const FeeChange& change);
Result<FeeChange> decode_fee_change(BytesView body);

// Whether a slot's prices are within their bounds with what is added.
bool fits(const Genesis& genesis, std::int32_t added);

Transaction fee_change_of(const Hash& chain_id, Slot first, std::vector<std::int32_t> added,
                          Signer& grid_operator);

// What is added in which slot; 0 where nothing is said.
class AddedFees {
 public:
  void add(const FeeChange& change);
  bool has(Slot slot) const { return added_.contains(slot.value); }
  std::int32_t in(Slot slot) const;
  void drop(Slot slot) { added_.erase(slot.value); }
  const std::map<std::uint32_t, std::int32_t>& all() const { return added_; }

 private:
  std::map<std::uint32_t, std::int32_t> added_;  // by slot
};

// All that entries of a log say.
AddedFees fees_in(std::span<const Bytes> entries);

// Prices with what is added to the grid fee.
Tariff with_added_fee(Tariff tariff, std::int32_t added);
// Genesis' prices with what is added in the slot.
Tariff tariff_in(const Genesis& genesis, const AddedFees& fees, Slot slot);

}  // namespace market
