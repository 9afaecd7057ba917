#pragma once
// How the orders of one slot are cleared: one interface for all mechanisms, a file each.
//
// Everything is in integers: Wh, micro-euro per kWh. Rules of ties and rounding stand in the
// mechanism's own header. All hold these:
//   - no order gets more than its energy, and none trades at a price worse than its limit;
//   - what is sold is what is bought;
//   - but for `continuous`, the result is a function of the set of orders, whatever their order.
// An account's own orders may meet each other: each is judged by its limit alone.
//
// Welfare is one figure for all mechanisms, wherever it is told (market clear, settled slots,
// shadows): what the traded energy is worth to its buyers less what it costs its sellers, by their
// orders' limits. Fees and congestion rent are transfers to the grid operator and no cost; of a
// market whose limits are told before the local grid fee, `at_worth` adds it to buyers' limits
// first. Levies are due whoever sells, and count on neither side. The optimum beside it is what the
// same orders could come to at most without a grid and without fees, so that what either keeps from
// being traded shows as efficiency below 1.

#include <optional>
#include <span>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/mechanism.hpp"
#include "market/clearing/order.hpp"

namespace market {

// One deal; buyer and seller are positions in the orders given.
struct Trade {
  std::uint32_t buyer = 0, seller = 0;
  ledger::WattHours energy;  // > 0
  ledger::Price price;       // from the buyer to the seller
  ledger::Price beside{};    // the buyer pays it besides, for congestion: may be below 0
  ledger::Price fee{};       // the buyer pays it besides, as grid fee of the trade's way: >= 0

  auto operator<=>(const Trade&) const = default;
};

// What the retailer makes of a kWh that no neighbour takes, as seen by a trade's price.
struct ClearingTerms {
  ledger::Price ceiling;  // above it a buyer is better off with the retailer (Tariff::break_even)
  ledger::Price floor;    // below it a seller is (feed-in)
  SharingKey key = SharingKey::dynamic_key;
};

struct Clearing {
  std::optional<ledger::Price> price;  // where there is one for all; no trade: no price
  ledger::WattHours volume;
  std::vector<ledger::WattHours> fills;  // in the order of the orders given
  // Deals, where the mechanism makes pairs; where it has one price `pair_fills` makes them.
  std::vector<Trade> trades;
  ledger::MicroEuros welfare, optimal_welfare;  // of the orders as given
};

// `orders`: within the bounds of market/clearing/order.hpp, each id once. Both were checked where
// they came in; anything else is a broken invariant.
Clearing clear(Mechanism mechanism, std::span<const Order> orders, const ClearingTerms& terms);

// The orders with what a kWh is worth to buyers: their limits and the local grid fee that these
// leave room for, at most the highest price of an order.
std::vector<Order> at_worth(std::span<const Order> orders, ledger::Price local_grid_fee);

// The welfare of these fills: sum over fills of limit x energy, buyers minus sellers, rounded once.
ledger::MicroEuros welfare_of(std::span<const Order> orders,
                              std::span<const ledger::WattHours> fills);

// The largest welfare that any matching of these orders has, found by merit order in steps of the
// limits: independent of every mechanism.
ledger::MicroEuros optimal_welfare(std::span<const Order> orders);

// Deals for fills at one price: both sides in merit order (ties by id), the first with the first,
// each as far as its fill goes. The fills' sums are equal.
std::vector<Trade> pair_fills(std::span<const Order> orders,
                              std::span<const ledger::WattHours> fills, ledger::Price price);

}  // namespace market
