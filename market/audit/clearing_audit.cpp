#include "market/audit/clearing_audit.hpp"

#include <algorithm>

#include "ledger/base/invariant.hpp"
#include "market/settlement/clearing_proposal.hpp"

namespace market {
namespace {

struct Weighed {
  GridProposal proposal;
  NodalClearing cleared;
};

// Of what stands in a transaction and holds; nothing where that is unsolved.
std::optional<Weighed> weighed(const Transaction& tx, const TradingGrid& grid, Slot slot,
                               const PlacedOrders& placed) {
  const auto& limits = std::get<TradeLimits>(grid.feeder);
  const auto said = decode_clearing_proposal(tx, slot, grid.from, placed.orders.size(), limits,
                                             grid.operator_key);
  if (!said || !*said) return std::nullopt;
  auto cleared = check_proposal(placed.orders, placed.buses, limits, **said);
  if (!cleared) return std::nullopt;
  return Weighed{**said, std::move(*cleared)};
}

}  // namespace

MicroEuros makers_apart(std::span<const Order> orders, const GridProposal& proposal,
                        const NodalClearing& found) {
  Price highest;
  for (const Order& o : orders)
    if (o.side == Side::buy) highest = std::max(highest, o.limit);
  const auto groups = static_cast<std::int64_t>(proposal.multipliers.size()) + 1;
  return found.gap + cost_of(WattHours{2 * groups}, highest);
}

std::string poorly_cleared_by(const Block& block, const MarketState& state) {
  if (block.transactions.empty() || !made_by_maker(block.transactions[0].kind)) return {};
  const Transaction& said = block.transactions[0];
  const ClosedSlot& closed = *state.last_closed();
  const PlacedOrders placed = placed_in(*closed.grid, closed.orders);
  const Transaction honest =
      solved_proposal(closed.slot, *closed.grid, placed, *state.restricted_key(grid_operator));
  const auto found = weighed(honest, *closed.grid, closed.slot, placed);
  if (!found) return {};
  const std::string who = "its maker, validator " + std::to_string(block.header.proposer.value);
  const std::string slot = "slot " + std::to_string(closed.slot.value);
  const ClearingOutcome outcome = decode_clearing_proposal_body(said.body)->outcome;
  const bool proven = found->proposal.guarantee == Guarantee::gap;
  if (outcome == ClearingOutcome::unsolved || (outcome == ClearingOutcome::exchanged && proven))
    return who + ", said that no " + (proven ? "proven " : "") + "clearing of " + slot +
           " was found, and there is one";
  const auto proposed = weighed(said, *closed.grid, closed.slot, placed);
  invariant(proposed.has_value(), "what was executed holds");
  const MicroEuros less = found->cleared.welfare - proposed->cleared.welfare;
  if (less <= makers_apart(placed.orders, found->proposal, found->cleared)) return {};
  return who + ", proposed a clearing of " + slot + " that is worth " +
         std::to_string(proposed->cleared.welfare.value) + " micro-EUR, and there is one worth " +
         std::to_string(found->cleared.welfare.value);
}

}  // namespace market
