#pragma once
// Grid-aware clearing: the linear program of grid_proposal.hpp, solved by Clp, rounded to a
// proposal in integers. The solver's floating point ends here: what it found is worth what
// check_proposal says of it, and another solver's result may be as good.
//
// Orders of one bus, side and limit are one column. Multipliers are the program's own, rounded to
// billionths of a micro-euro per kWh; the balance's value is then the middle, rounded down, of the
// range at which the dual objective is least, so that without binding rows the price is the uniform
// auction's.
//
// Fills become the nearest whole Wh, and balance (whole_fills.hpp). Where that leaves a row beyond
// its room, the program is solved again with less room in it: by the excess, at least an eighth of
// the most that rounding can add, doubled each time, that most in the end; then it cannot be
// beyond. Every round's fills are also set right by hand, pairs taken back and filled again as rows
// let them; of all rounds' proposals that check_proposal takes the one with most welfare is the
// result.

#include <span>

#include "ledger/base/result.hpp"
#include "market/clearing/grid_proposal.hpp"

namespace market {

// Arguments as for check_proposal, which the result passes. Refused where Clp finds no optimum
// within its work (grid_program.hpp), or no round's proposal passes: of random books on real grids
// none, also beyond their limits; of 1,000 made-up ones, whose rows have no room and next to equal
// coefficients, one.
ledger::Result<GridProposal> propose_grid_clearing(std::span<const Order> orders,
                                                   std::span<const std::uint32_t> buses,
                                                   const TradeLimits& limits);

}  // namespace market
