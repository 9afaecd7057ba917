// Books that are cleared by a feeder: the part of MarketState that asks for a proposal, makes one,
// and checks one.

#include "market/settlement/clearing_proposal.hpp"
#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {

std::optional<PlacedOrders> MarketState::awaiting_proposal(std::int64_t time_ms) const {
  if (acting_of(*genesis_).mechanism != Mechanism::grid_aware || proposed_ || !closable(time_ms))
    return std::nullopt;
  const auto grid = trading_grid({next_slot_});
  if (!grid) return std::nullopt;
  std::vector<SlotPosition> positions;
  PlacedOrders placed = placed_in(*grid, begin_close(positions).orders);
  if (placed.orders.empty()) return std::nullopt;
  return placed;
}

bool MarketState::wants_proposal(std::int64_t time_ms) const {
  return awaiting_proposal(time_ms).has_value();
}

std::optional<Transaction> MarketState::proposal(std::int64_t time_ms) const {
  const auto placed = awaiting_proposal(time_ms);
  if (!placed) return std::nullopt;
  const auto grid = trading_grid({next_slot_});
  return solved_proposal({next_slot_}, *grid, *placed, *grid_operator_key_);
}

MarketState::Applied MarketState::apply_clearing_proposal(const Transaction& tx,
                                                          std::int64_t time_ms) {
  const auto placed = awaiting_proposal(time_ms);
  if (!placed) return never("a clearing proposal where none is wanted");
  const auto grid = trading_grid({next_slot_});
  auto proposal =
      decode_clearing_proposal(tx, {next_slot_}, grid->from, placed->orders.size(),
                               std::get<TradeLimits>(grid->feeder), *grid_operator_key_);
  if (!proposal) return never(proposal.error());
  Proposed taken;
  if (*proposal) {
    auto filled = checked_fills(*grid, *placed, **proposal);
    if (!filled) return never("a clearing proposal that does not hold: " + filled.error());
    taken.filled = std::move(*filled);
  }
  proposed_ = std::move(taken);
  return {};
}

// Rows with results get them from the feeder; where no grid holds, or nothing was found, nothing
// is traded.
void MarketState::clear_book(ClosedSlot& closed) const {
  closed.rows = rows_of(book_form_of(*genesis_), closed.orders);
  if (needs_feeder(acting_of(*genesis_).mechanism)) closed.grid = trading_grid(closed.slot);
  if (closed.grid) {
    const PlacedOrders placed = placed_in(*closed.grid, closed.orders);
    if (form_of(closed.grid->feeder) == FeederForm::fees)
      fill_rows(placed, fills_by_fees(*closed.grid, placed), closed.rows);
    else if (proposed_ && proposed_->filled)
      fill_rows(placed, *proposed_->filled, closed.rows);
    closed.unsolved = proposed_ && !proposed_->filled;
  }
  closed.clearing = clear_rows(*genesis_, closed.tariff, closed.rows);
}

}  // namespace market
