#pragma once
// Grid-aware clearing: the linear program of grid_proposal.hpp, solved by Clp and where that does
// not do exactly, rounded to a proposal in integers. The solver's floating point ends here: what it
// found is worth what check_proposal says of it, and another solver's result may be as good.
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
//
// Where it takes none, as with rows without room and next to equal coefficients, which Clp's
// tolerance of 10^-7 does not tell apart:
//   1. the same rounds with an exact solution (exact_program.hpp); of up to 256 groups all are
//      filled again by hand, not only those that rounding moved;
//   2. of up to 256 groups branches of the exact program, at most 64, in which what is no whole Wh
//      is held below or above where it was;
//   3. of up to 100 orders exchanges, from nothing and from the most welfare that prices pay for of
//      all tried so far, until none is left; where that is not within the gap's bound, exchanges
//      are the proposal's guarantee.
// Whatever is done by hand is counted (whole_fills.hpp), of rounds and branches together and of
// exchanges from each of the two beginnings, and ends with the count: with what holds until then,
// if anything does.

#include <span>

#include "ledger/base/result.hpp"
#include "market/clearing/grid_proposal.hpp"

namespace market {

// Arguments as for check_proposal, which the result passes. Refused where nothing passes: of up to
// most_exchanged orders only where exchanges, which end, do not within their count, as where rows
// let millions of Wh pass by one at a time; of more orders where neither program is solved within
// its work, or no rounding is within the gap's bound.
ledger::Result<GridProposal> propose_grid_clearing(std::span<const Order> orders,
                                                   std::span<const std::uint32_t> buses,
                                                   const TradeLimits& limits);

}  // namespace market
