#include "market/settlement/feeder_clearing.hpp"

#include <algorithm>

#include "ledger/base/invariant.hpp"
#include "market/clearing/grid_clearing.hpp"

namespace market {
PlacedOrders placed_in(const TradingGrid& grid, std::span<const Order> book) {
  std::map<AccountId, std::uint32_t> bus_of;
  for (const HomePlace& home : grid.homes) bus_of.emplace(home.account, home.bus);
  PlacedOrders out;
  for (std::uint32_t i = 0; i < book.size(); ++i)
    if (const auto at = bus_of.find(book[i].account); at != bus_of.end()) {
      out.rows.push_back(i);
      out.orders.push_back(book[i]);
      out.buses.push_back(at->second);
    }
  return out;
}

std::optional<GridProposal> solved(const TradingGrid& grid, const PlacedOrders& placed) {
  const auto& limits = std::get<TradeLimits>(grid.feeder);
  auto proposal = propose_grid_clearing(placed.orders, placed.buses, limits);
  if (!proposal) return std::nullopt;
  return std::move(*proposal);
}

Result<PlacedFills> checked_fills(const TradingGrid& grid, const PlacedOrders& placed,
                                  const GridProposal& proposal) {
  auto cleared =
      check_proposal(placed.orders, placed.buses, std::get<TradeLimits>(grid.feeder), proposal);
  if (!cleared) return failure(cleared.error());
  return PlacedFills{proposal.fills, std::move(cleared->prices)};
}

PlacedFills fills_by_fees(const TradingGrid& grid, const PlacedOrders& placed) {
  FeeTreeClearing cleared =
      clear_fee_tree(placed.orders, placed.buses, std::get<FeeTree>(grid.feeder));
  return {std::move(cleared.fills), std::move(cleared.prices)};
}

void fill_rows(const PlacedOrders& placed, const PlacedFills& filled, std::span<BookRow> rows) {
  ledger::invariant(filled.fills.size() == placed.rows.size(), "a fill of each order");
  for (std::size_t i = 0; i < placed.rows.size(); ++i) {
    BookRow& row = rows[placed.rows[i]];
    row.fill = filled.fills[i];
    row.price = row.fill.value > 0 ? filled.prices[placed.buses[i]] : Price{};
  }
}

}  // namespace market
