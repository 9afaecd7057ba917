#pragma once
// Prices at the buses of a grid-aware clearing, in integers: from nodal values and what is filled.
//
// A bus's price lies between the highest limit of a seller filled there, or 0, and the lowest limit
// of a buyer filled there, or the highest price an order may name (max_order_price), which every
// seller's limit permits. It is the bus's value, rounded down to a whole micro-euro per kWh and
// brought into that range. A bus where the two limits cross is refused. So no trade is worse than
// its limit.
//
// The rent is what buyers pay beyond what sellers get. Rows that are full make it at least nothing;
// whole Wh leave a little room in them, and a row without room, as of a feeder that is beyond its
// limits before anybody trades, has nothing to pay it from. Where the rent would be below 0, prices
// at buses that buy more than they sell rise, and those at buses that sell more fall, all by one
// step and each within its range: by the least whole step at which the rent is not below 0, or, if
// there is none, to the ends of their ranges. It is then the most that any prices make of the
// fills, and check_proposal refuses it.

//
// Where exchanges are a proposal's guarantee there are no values, and prices follow from fills
// alone: each begins in the middle, rounded down, between the two limits filled at its bus. Where
// only one side is filled there, the other limit is the whole book's: the highest of its filled
// sellers, the lowest of its filled buyers, or the bus's own, where these would cross; where
// nothing is filled, both are; where nobody trades at all, prices are 0.

#include <span>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/order.hpp"

namespace market {

struct NodalPrices {
  std::vector<ledger::Price> by_bus;
  ledger::MicroEuros rent;  // rounded once
};

// `buses`, `fills`: by order; `values`: by bus, in billionths of a micro-euro per kWh; `net_wh`: by
// bus, bought - sold. The error names the bus that no price suits.
ledger::Result<NodalPrices> nodal_prices(std::span<const Order> orders,
                                         std::span<const std::uint32_t> buses,
                                         std::span<const ledger::WattHours> fills,
                                         std::span<const ledger::Wide> values,
                                         std::span<const std::int64_t> net_wh);

// From fills alone.
ledger::Result<NodalPrices> middle_prices(std::span<const Order> orders,
                                          std::span<const std::uint32_t> buses,
                                          std::span<const ledger::WattHours> fills,
                                          std::span<const std::int64_t> net_wh);

}  // namespace market
