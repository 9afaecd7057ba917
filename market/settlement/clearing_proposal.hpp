#pragma once
// A slot's grid-aware clearing as the maker of the block proposes it (kind 22): what its solver
// found, as the integers of market/clearing/grid_proposal.hpp, which everybody checks before the
// slot is settled by them. It is never sent: a block at whose time a slot is to close begins with
// it, and the settlement stands behind it.
//
// clearing proposal  body     slot u32, outcome u8 (0 solved, 1 unsolved, 2 exchanged: not proven
//                             by the gap but by exchanges), grid u32 (the slot from which the
//                             trading grid holds that it is for), orders u32, multipliers u32,
//                             pieces u32
//                    opening  pieces, restricted to the grid operator
//                    (market/entries/operator_pieces.hpp),
//                             of these bytes: balance i128, of each order its fill u32 (Wh), of
//                             each multiplier its row u32 and value i128; exchanged: balance 0 and
//                             no multipliers
//
// Orders are those of the slot's book whose homes have a place in the grid, as their rows stand.
// The values at buses follow from balance and multipliers, and so are not in it. What is unsolved
// has no pieces: its slot trades nothing. So has what does not fit into a transaction.

#include "market/clearing/grid_proposal.hpp"
#include "market/entries/operator_pieces.hpp"
#include "market/settlement/feeder_clearing.hpp"

namespace market {

enum class ClearingOutcome : std::uint8_t { solved = 0, unsolved = 1, exchanged = 2 };

struct ClearingProposalBody {
  Slot slot, grid;
  ClearingOutcome outcome = ClearingOutcome::unsolved;
  std::uint32_t orders = 0, multipliers = 0, pieces = 0;
  bool trades() const { return outcome != ClearingOutcome::unsolved; }
};
Bytes encode(const ClearingProposalBody& body);
Result<ClearingProposalBody> decode_clearing_proposal_body(BytesView body);

// `solved`: with a fill for each of the orders, none: unsolved. `key`: the grid operator's.
Transaction clearing_proposal_of(Slot slot, Slot grid, std::size_t orders,
                                 const std::optional<GridProposal>& solved, const SubjectKey& key);

// What an honest maker proposes for these orders: what the solver finds, or that it finds nothing,
// or nothing that fits.
Transaction solved_proposal(Slot slot, const TradingGrid& grid, const PlacedOrders& placed,
                            const SubjectKey& key);

// What a transaction proposes for a slot's orders; nothing where it is unsolved. The error says
// what is not as `clearing_proposal_of` would make it, salts included, or beyond the limits' rows.
Result<std::optional<GridProposal>> decode_clearing_proposal(const Transaction& tx, Slot slot,
                                                             Slot grid, std::size_t orders,
                                                             const TradeLimits& limits,
                                                             const SubjectKey& key);

}  // namespace market
