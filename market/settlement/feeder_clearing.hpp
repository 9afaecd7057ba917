#pragma once
// A slot's book cleared by what the grid operator told of its feeder
// (market/entries/trading_grid.hpp): by its tree of fees, which everybody computes, or by its
// limits, for which somebody proposes a result that everybody checks. An order whose home has no
// place in the grid trades nothing.

#include "market/clearing/book_row.hpp"
#include "market/clearing/grid_proposal.hpp"
#include "market/entries/trading_grid.hpp"

namespace market {

// Orders that have a place, as their rows stand.
struct PlacedOrders {
  std::vector<std::uint32_t> rows;  // of the book
  std::vector<Order> orders;
  std::vector<std::uint32_t> buses;
};
PlacedOrders placed_in(const TradingGrid& grid, std::span<const Order> book);

// What the solver finds, and its check accepts.
std::optional<GridProposal> solved(const TradingGrid& grid, const PlacedOrders& placed);

// What is traded at which prices.
struct PlacedFills {
  std::vector<WattHours> fills;  // in the order of the orders
  std::vector<Price> prices;     // by bus
};
// The error says why a proposal does not hold.
Result<PlacedFills> checked_fills(const TradingGrid& grid, const PlacedOrders& placed,
                                  const GridProposal& proposal);
PlacedFills fills_by_fees(const TradingGrid& grid, const PlacedOrders& placed);

// Into the rows, which are those of the whole book.
void fill_rows(const PlacedOrders& placed, const PlacedFills& filled, std::span<BookRow> rows);

}  // namespace market
