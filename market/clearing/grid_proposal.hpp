#pragma once
// A grid-aware clearing as a proposal in integers, and its check in integers: whoever solved the
// linear program, everybody can see that the result is feasible, fair to every limit, and optimal
// but for a stated bound. Nothing here knows how it was found (grid_clearing.hpp).
//
//   maximise   W = sum buyers' limit x fill - sum sellers' limit x fill
//   so that    bought = sold,   0 <= fill <= energy,   every row of the trade limits holds
//
// Trades are among the feeder's homes alone; what they leave is the retailer's, as with every
// mechanism. An order is for energy that flows only if it trades: what flows anyway is in the rows'
// room. With a multiplier m_r >= 0 for each row and L for the balance, a Wh at bus b is worth
//
//   V_b = L + sum_r m_r a_rb          the nodal value; its differences between buses are congestion
//   D   = sum energy x max(0, +-(limit - V_b)) + sum_r m_r room_r     >= W  for any m, L
//         (+ buyers, - sellers: weak duality of linear programs)
//
// Multipliers and values are in billionths of a micro-euro per kWh. They are far above limits where
// a row without room lies between orders whose coefficients are next to the same: they may be as
// large as 128-bit sums let them. A proposal holds only if
//   - fills are within energies, bought = sold, and no row is beyond its room;
//   - orders of one bus, side and limit share their fill in proportion to their energy, rounded
//     down, the remaining Wh one each by largest remainder, ties by rising id;
//   - the stated values are V_b to the last digit;
//   - each bus has a price that suits all who trade there (market/clearing/nodal_prices.hpp): V_b
//     rounded down, between 0 and the highest price of an order, moved where the congestion rent
//     would be below 0. So no trade is worse than its limit;
//   - D - W is no more than whole Wh can cost, see below.
// Every buyer at a bus pays its price, every seller gets it. Where rows bind, buyers pay more than
// sellers get; the difference is the congestion rent. Where V_b is negative, at a bus whose surplus
// has no way out, energy costs nothing.
//
// Of the rent: at the values it is sum_r m_r x flow_r, below 0 by no more than D - W where rows
// have no room. Prices are moved until it is not below 0, as far as limits permit; it is below 0
// only where no prices within the limits of what is filled pay for the fills, and was by no more
// than D - W then in all books that were tried. So it can be where a seller behind a full row is
// paid for a Wh that whole Wh leave unused (tests/market/test_grid_clearing.cpp has such a book).
// Nodal prices: Schweppe, Caramanis, Tabors, Bohn, "Spot Pricing of Electricity", Kluwer 1988.
//
// The bound on D - W. With k rows that have multipliers, a vertex of the program fills at most
// k + 1 groups in part, and the limit of each of these is its bus's value: they are at the margin.
// Rounding moves each of them by less than 1 Wh, and so adds less than d_r = sum |a_rb| over them
// to row r. In a program whose rows have d_r less room the rounded vertex holds; each group is then
// at its bound or at the margin, so that D - W (D with the real rooms) is sum_r m_r x (room left in
// r), less than sum_r m_r 2 d_r. That is what is allowed:
//     2 Wh x sum of c_b = sum_r m_r |a_rb| over the k + 1 groups at the margin where it is largest,
//     what half a unit of each multiplier makes of D, since multipliers are rounded,
//     and 2 Wh x the highest bid for each of these groups (at least one) where some row has less
//     room than 2 Wh of each of them would take at its largest coefficient.
// The last is not proven: there the program with less room may have no solution, and an integer
// program's optimum may lie anywhere below. All of 3,000,000 random books with rooms of any size
// keep to it. At the margin is a limit within a micro-euro of the value, and what a unit of each
// multiplier makes of it: who adds multipliers of next to nothing does not widen the bound.

#include <cstdint>
#include <span>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/order.hpp"
#include "market/clearing/trade_limits.hpp"

namespace market {

inline constexpr std::int64_t value_scale = 1'000'000'000;
inline constexpr std::int64_t max_multiplier = 1'000'000'000'000'000'000;
inline constexpr ledger::Wide max_value = ledger::Wide{max_multiplier} * 1'000'000;

struct RowMultiplier {
  std::uint32_t row = 0;
  std::int64_t value = 0;  // > 0
  auto operator<=>(const RowMultiplier&) const = default;
};

struct GridProposal {
  std::vector<ledger::WattHours> fills;    // in the order of the orders
  ledger::Wide balance = 0;                // L
  std::vector<RowMultiplier> multipliers;  // by rising row; the others are 0
  std::vector<ledger::Wide> values;        // V, by bus
  bool operator==(const GridProposal&) const = default;
};

// What follows from a proposal that holds.
struct NodalClearing {
  std::vector<ledger::Price> prices;  // by bus
  ledger::WattHours volume;
  ledger::MicroEuros welfare;  // W, rounded once
  ledger::MicroEuros rent;     // what buyers pay beyond what sellers get, rounded once
  ledger::MicroEuros gap;      // D - W, rounded up
};

// `buses`: by order, where it stands. `orders` within the bounds of market/clearing/order.hpp,
// `limits` as check_trade_limits has them, every bus one of theirs: anything else is a broken
// invariant. The error says what does not hold, and where.
ledger::Result<NodalClearing> check_proposal(std::span<const Order> orders,
                                             std::span<const std::uint32_t> buses,
                                             const TradeLimits& limits,
                                             const GridProposal& proposal);

// Orders of one bus, side and limit, which share one fill. By bus, side, limit.
struct OrderGroup {
  std::uint32_t bus = 0;
  Side side = Side::buy;
  ledger::Price limit;
  std::vector<std::uint32_t> orders;
  ledger::WattHours energy;
};
std::vector<OrderGroup> order_groups(std::span<const Order> orders,
                                     std::span<const std::uint32_t> buses);

// V by bus; nothing where one, or the balance, is beyond max_value. `multipliers` within their
// bounds.
std::vector<ledger::Wide> nodal_values(const TradeLimits& limits, ledger::Wide balance,
                                       std::span<const RowMultiplier> multipliers);

}  // namespace market
