#pragma once
// A grid-aware clearing as a proposal in integers, and its check in integers: whoever solved the
// linear program, everybody can see that the result is feasible, fair to every limit, paid for by
// those who trade, and optimal but for a stated bound, or, where it says so, that no exchange
// betters it. Nothing here knows how it was found (grid_clearing.hpp).
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
// a row without room lies between orders whose coefficients are next to the same, and farther
// where several such rows do: they may be as large as 128-bit sums let them, values also while they
// are summed up by rising row. A proposal holds only if
//   - fills are within energies, bought = sold, and no row is beyond its room;
//   - orders of one bus, side and limit share their fill in proportion to their energy, rounded
//     down, the remaining Wh one each by largest remainder, ties by rising id;
//   - the stated values are V_b to the last digit;
//   - each bus has a price that suits all who trade there (market/clearing/nodal_prices.hpp): V_b
//     rounded down, between 0 and the highest price of an order, moved where the congestion rent
//     would be below 0. So no trade is worse than its limit;
//   - the congestion rent is not below 0 then (half a micro-euro, which it is rounded by, apart),
//   so
//     that W is not, either;
//   - D - W is no more than whole Wh can cost, see below; or the proposal says that exchanges are
//     its guarantee, and there are none.
// Every buyer at a bus pays its price, every seller gets it. Where rows bind, buyers pay more than
// sellers get; the difference is the congestion rent. Where V_b is negative, at a bus whose surplus
// has no way out, energy costs nothing.
//
// Of the rent: of a vertex of the program it is sum_r m_r x room_r, at least 0. Whole Wh leave
// room_r - flow_r open, which in a row without room the operator would pay for at m_r: up to
// D - W, as where a seller behind a full row is paid for a Wh that is then left unused, or where a
// fill is rounded up whose pair only loses. Prices are moved first; fills that no prices within
// their limits pay for are refused, and less is traded (tests/market/test_grid_clearing.cpp has
// such books). Nodal prices: Schweppe, Caramanis, Tabors, Bohn, "Spot Pricing of Electricity",
// Kluwer 1988.
//
// The bound on D - W. With k rows that have multipliers, a vertex of the program fills at most
// k + 1 groups in part, and the limit of each of these is its bus's value: they are at the margin.
// Rounding moves each of them by less than 1 Wh, and their sum not at all, and so adds less than
// d_r = sum |a_rb - c_r| over them to row r, for any c_r: the middle of the row's coefficients
// where it has one at each bus with orders, otherwise 0. In a program whose rows have d_r less room
// the rounded vertex holds; each group is then at its bound or at the margin, so that D - W (D with
// the real rooms) is sum_r m_r x (room left in r), less than sum_r m_r 2 d_r. That is what is
// allowed:
//     2 Wh x sum of c_b = sum_r m_r |a_rb - c_r| over the k + 1 groups at the margin where it is
//     largest,
//     what half a unit of each multiplier makes of D, since multipliers are rounded,
//     and 2 Wh x the highest bid for each of these groups (at least one) where some row has less
//     room than 2 Wh of each of them would take at its largest coefficient.
// The last is not proven: there the program with less room may have no solution, and an integer
// program's optimum may lie anywhere below: a hundredth of a Wh that counts for relief at one bus
// may be what all trade at another hangs on. All of 3,000,000 random books with rooms of any size
// keep to it (with c_r = 0, which allows more), and all but 102 of 1,000,000 of feeders beyond
// their limits. At the margin is a limit
// within a micro-euro of the value, and what a unit of each multiplier makes of it: who adds
// multipliers of next to nothing does not widen the bound, nor does a multiplier, however large, of
// a row that counts all orders alike. Multipliers of rows that contradict each other, or of
// coefficients that are next to equal, still can: an auditor compares the welfare with what it
// finds itself.
//
// Where the bound cannot be kept, of books of at most 100 orders, the guarantee is exchanges. In an
// exchange a buyer and a seller trade 1 Wh more, or 1 Wh less, or one group trades 1 Wh in the
// place of another of its side. None is left that is within energies and rows, worth more, and
// leaves a rent that is not below 0: nobody can be shown who would rather trade and could. There
// are no multipliers then, and no balance, which nothing would tie to anything: prices follow from
// the fills alone (middle_prices). W may be below the best whole fills by anything; D - W, of no
// multipliers, is what all buyers would pay for all their energy, less W. Who proposes so where the
// bound can be kept is named by an auditor (market/audit/replay.hpp).

#include <cstdint>
#include <span>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/order.hpp"
#include "market/clearing/trade_limits.hpp"

namespace market {

inline constexpr std::int64_t value_scale = 1'000'000'000;
inline constexpr ledger::Wide max_multiplier =
    ledger::Wide{10'000'000'000} * 1'000'000'000'000'000'000;  // 10^28
inline constexpr ledger::Wide max_value = max_multiplier * 100;

struct RowMultiplier {
  std::uint32_t row = 0;
  ledger::Wide value = 0;  // > 0
  auto operator<=>(const RowMultiplier&) const = default;
};

// What a proposal says of its welfare.
enum class Guarantee : std::uint8_t {
  gap,       // it is below the dual objective by no more than the bound above
  exchanges  // no exchange makes it better
};
inline constexpr std::size_t most_exchanged = 100;  // orders of a book with that guarantee

struct GridProposal {
  Guarantee guarantee = Guarantee::gap;
  std::vector<ledger::WattHours> fills;    // in the order of the orders
  ledger::Wide balance = 0;                // L. By exchanges: 0
  std::vector<RowMultiplier> multipliers;  // by rising row; the others are 0. By exchanges: none
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

// The fills of orders, equals sharing their group's; `fills`: by group.
std::vector<ledger::WattHours> fills_of_orders(std::span<const Order> orders,
                                               std::span<const OrderGroup> groups,
                                               std::span<const std::int64_t> fills);

// V by bus; nothing where one, or the balance, is beyond max_value. `multipliers` within their
// bounds.
std::vector<ledger::Wide> nodal_values(const TradeLimits& limits, ledger::Wide balance,
                                       std::span<const RowMultiplier> multipliers);

}  // namespace market
