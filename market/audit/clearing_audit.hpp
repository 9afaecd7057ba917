#pragma once
// Whether the maker of a block cleared a feeder's book as well as could be: an auditor with the
// openings solves it again. Validators check that a proposal holds, which a poor one may do where
// rows have no room: a multiplier there can be of any size, and widens the bound on the gap
// (market/clearing/grid_proposal.hpp).
//
// Named is who said that no clearing was found, or none that the gap proves, where there is one,
// and who proposed one of less welfare than what is found by more than two honest makers may lie
// apart: the gap of what is found, and two Wh at the highest bid for each group that its program
// fills in part. What is found is found by the same version of the same solver; another one's may
// differ within that.

#include <string>

#include "ledger/chain/block.hpp"
#include "market/state/market_state.hpp"

namespace market {

// What two honest makers may lie apart; `found` is what `proposal` comes to.
MicroEuros makers_apart(std::span<const Order> orders, const GridProposal& proposal,
                        const NodalClearing& found);

// Of a block that closed a slot, with the state behind it; empty: nobody is to blame.
std::string poorly_cleared_by(const Block& block, const MarketState& state);

}  // namespace market
