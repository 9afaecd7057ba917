// The feeder that the grid operator tells of: the part of MarketState that takes it and knows which
// one holds in a slot.

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {

MarketState::Applied MarketState::apply_trading_grid(const Transaction& tx, const Hash& leaf,
                                                     std::int64_t time_ms) {
  auto grid = decode_trading_grid(tx);
  if (!grid) return never(grid.error());
  if (form_of(grid->feeder) != form_of(acting_of(*genesis_).mechanism))
    return never("a trading grid of a form that this chain does not clear by");
  if (!trading_grids_->empty() && grid->from <= trading_grids_->back()->from)
    return never("a trading grid from a slot on that has one, or from one before it");
  if (grid->from.value < next_slot_ || time_ms > std::int64_t{grid->from.value} * genesis_->slot_ms)
    return never("a trading grid from a slot on that has begun");
  if (grid->from.value > next_slot_ + slots_ahead)
    return never("a trading grid from a slot on that is too far ahead");
  if (trading_grids_->size() >= max_waiting_grids)
    return never("a trading grid where " + std::to_string(max_waiting_grids) + " wait already");
  if (grid_operator_key_ && grid->operator_key != *grid_operator_key_)
    return never("a trading grid with another key of the grid operator");
  for (const HomePlace& home : grid->homes) {
    const auto meter = meters_->find(home.meter.value);
    if (meter == meters_->end()) return not_yet("a place of an unknown meter");
    const Registration& r = meter->second.registration;
    if (r.account != home.account || r.kind != MeterKind::home)
      return never("a place of a meter that is not the account's");
  }
  grid_operator_key_ = grid->operator_key;
  put_in_slot("grid", ByteWriter().u32(grid->from.value).view(), grid->from, leaf);
  trading_grids_.write().push_back(std::make_shared<const TradingGrid>(std::move(*grid)));
  return {};
}

std::shared_ptr<const TradingGrid> MarketState::trading_grid(Slot slot) const {
  const auto after = std::find_if(trading_grids_->begin(), trading_grids_->end(),
                                  [&](const auto& grid) { return grid->from > slot; });
  return after == trading_grids_->begin() ? nullptr : *std::prev(after);
}

// Those that hold in no slot that is open yet.
void MarketState::forget_grids() {
  while (trading_grids_->size() > 1 && (*trading_grids_)[1]->from.value <= next_slot_) {
    auto& grids = trading_grids_.write();
    put("grid", ByteWriter().u32(grids.front()->from.value).view(), Hash{});
    grids.erase(grids.begin());
  }
}

}  // namespace market
