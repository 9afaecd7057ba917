#pragma once
// Grid-aware clearing: the linear program of grid_proposal.hpp, solved by Clp, rounded to a
// proposal in integers. The solver's floating point ends here: what it found is worth what
// check_proposal says of it, and another solver's result may be as good.
//
// Orders of one bus, side and limit are one column. Multipliers are the program's own, rounded to
// billionths of a micro-euro per kWh; the balance's value is then the middle, rounded down, of the
// range at which the dual objective is least, so that without binding rows the price is the uniform
// auction's. Fills are rounded down to whole Wh; then the larger side gives back what is too much
// (worst first), pairs are taken back while a row is beyond its room (least welfare for the room
// first), and what rounding had taken from trades again, or in another's place, as far as rows let
// it.

#include <span>

#include "ledger/base/result.hpp"
#include "market/clearing/grid_proposal.hpp"

namespace market {

// Arguments as for check_proposal, which the result passes. Refused where Clp finds no optimum, or
// where whole Wh stay too far from it: rounding one row's flow can burden another row (one in 200
// random books whose rows pull against each other, and some slots of a feeder with hundreds of
// rows).
ledger::Result<GridProposal> propose_grid_clearing(std::span<const Order> orders,
                                                   std::span<const std::uint32_t> buses,
                                                   const TradeLimits& limits);

}  // namespace market
