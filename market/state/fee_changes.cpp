// Grid fees that differ by slot: the part of MarketState that takes and forgets them.

#include <algorithm>
#include <set>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

Bytes id_of(std::uint32_t slot) { return ByteWriter().u32(slot).take(); }

}  // namespace

Tariff MarketState::tariff_in(Slot slot) const {
  return market::tariff_in(*genesis_, *fees_, slot);
}

MarketState::Applied MarketState::apply_fee_change(const Transaction& tx, std::int64_t time_ms) {
  const auto change = decode_fee_change(tx.body);
  if (!change) return never(change.error());
  if (!tx.openings.empty()) return never("a tariff change has no openings");
  if (change->first.value < next_slot_ ||
      time_ms > std::int64_t{change->first.value} * genesis_->slot_ms)
    return never("a tariff change of a slot that has begun");
  if (change->first.value + change->added.size() > std::size_t{next_slot_} + slots_ahead)
    return never("a tariff change of a slot too far ahead");
  for (std::uint32_t i = 0; i < change->added.size(); ++i) {
    const std::string slot = "slot " + std::to_string(change->first.value + i);
    if (fees_->has({change->first.value + i}))
      return never("a tariff change of " + slot + ", which has one");
    if (!fits(*genesis_, change->added[i]))
      return never("a tariff change that leaves " + slot +
                   " a grid fee below 0 or a price above 100 EUR/kWh");
  }
  fees_.write().add(*change);
  for (std::uint32_t i = 0; i < change->added.size(); ++i)
    put("fee", id_of(change->first.value + i),
        sha256(ByteWriter().u32(static_cast<std::uint32_t>(change->added[i])).view()));
  return {};
}

// Of slots that are closed, but for those whose energy waits for a ruling.
void MarketState::forget_fees() {
  if (fees_->all().empty() || fees_->all().begin()->first >= next_slot_) return;
  std::set<std::uint32_t> waits;
  for (const auto& [id, any] : *cases_) waits.insert(id.second);
  std::vector<std::uint32_t> over;
  for (const auto& [slot, added] : fees_->all())
    if (slot < next_slot_ && !waits.contains(slot)) over.push_back(slot);
  for (const std::uint32_t slot : over) {
    fees_.write().drop({slot});
    put("fee", id_of(slot), Hash{});
  }
}

}  // namespace market
