#include "market/settlement/feeder_clearing.hpp"

#include <algorithm>

#include "market/clearing/grid_clearing.hpp"

namespace market {
namespace {

void fill_rows(const PlacedOrders& placed, std::span<const WattHours> fills,
               std::span<const Price> prices, std::span<BookRow> rows) {
  for (std::size_t i = 0; i < placed.rows.size(); ++i) {
    BookRow& row = rows[placed.rows[i]];
    row.fill = fills[i];
    row.price = fills[i].value > 0 ? prices[placed.buses[i]] : Price{};
  }
}

}  // namespace

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

Result<void> fill_by_proposal(const TradingGrid& grid, const PlacedOrders& placed,
                              const GridProposal& proposal, std::span<BookRow> rows) {
  const auto cleared =
      check_proposal(placed.orders, placed.buses, std::get<TradeLimits>(grid.feeder), proposal);
  if (!cleared) return failure(cleared.error());
  fill_rows(placed, proposal.fills, cleared->prices, rows);
  return {};
}

void fill_by_fees(const TradingGrid& grid, const PlacedOrders& placed, std::span<BookRow> rows) {
  const FeeTreeClearing cleared =
      clear_fee_tree(placed.orders, placed.buses, std::get<FeeTree>(grid.feeder));
  fill_rows(placed, cleared.fills, cleared.prices, rows);
}

}  // namespace market
