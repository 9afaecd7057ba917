#pragma once
// A dynamic tariff with a directional grid-fee tree, as a mechanism: the local grid fee of a trade
// is what its way through the feeder's tree costs, and it counts in matching.
//
// Each node of the tree (a branch, a transformer, what lies beyond) has a fee for a kWh that leaves
// it upwards and another one for a kWh that enters it from above. A trade pays from the seller's
// node up to where both ways meet, and down to the buyer's; within one node nothing. Direction
// counts twice: who sets the fees makes the direction dear that loads the edge at the time and the
// other one cheap (set_directional_fees), and what flows both ways over an edge cancels, and pays
// nothing there.
//
//   maximise   sum buyers' limit x fill - sum sellers' limit x fill - sum over edges of fee x flow
//
// where the flow over a node's edge is what its subtree buys beyond what it sells, or the other way
// round. A buyer's limit is the most it pays, local grid fee included; a seller's the least it
// gets. The optimum is exact, in whole Wh: the worth of a subtree by its net import is concave, its
// steps are the orders, an edge widens the kink at zero, and nodes merge their children's steps in
// order (a minimum-cost flow on a tree; Ahuja, Magnanti, Orlin, Network Flows, 1993, chapter 14).
//
// Ties: at equal worth an order is filled rather than not; of equal orders the one with the smaller
// id first. Prices, one a node: the root's is the middle, rounded down, of the range in which it
// balances; a node that buys from above pays the price there and the fee downwards, one that sells
// gets the price there less the fee upwards; one that does neither has the middle of its own range,
// moved to what the edge allows. So no trade is worse than its limit, and what buyers pay beyond
// what sellers get is the fees, to the last unit. Without fees this is the uniform auction.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/clearing.hpp"

namespace market {

struct FeeNode {
  std::uint32_t parent = 0;  // a node before this one; the root's own is itself, node 0
  ledger::Price up, down;    // of its edge, >= 0; the root has none
};
using FeeTree = std::vector<FeeNode>;

inline constexpr std::size_t max_fee_nodes = 100'000;

// The first thing that is out of bounds or form, or empty.
std::string check_fee_tree(const FeeTree& tree);

// Fees by direction: an edge over which `net_import` (by node, W or Wh, what flows anyway) goes
// down has its full fee downwards and relief_percent of it upwards, where the flow goes up the
// other way round; an idle edge has its full fee both ways.
void set_directional_fees(FeeTree& tree, std::span<const ledger::Price> full_fee,
                          std::span<const std::int64_t> net_import, std::uint32_t relief_percent);

struct FeeTreeClearing {
  std::vector<ledger::WattHours> fills;  // in the order of the orders
  std::vector<ledger::Price> prices;     // by node
  ledger::WattHours volume;
  ledger::MicroEuros welfare;  // as market/clearing/clearing.hpp has it: fees are not taken off
  ledger::MicroEuros fees;     // that trades pay, rounded once; welfare less fees is the maximum
  // Who bought of whom: within a node first, then over its edge with what remains at the nodes
  // above; on each side by rising id.
  std::vector<Trade> trades;
};

// `nodes`: by order, where it stands. `orders` within the bounds of market/clearing/order.hpp, the
// tree as check_fee_tree has it: anything else is a broken invariant.
FeeTreeClearing clear_fee_tree(std::span<const Order> orders, std::span<const std::uint32_t> nodes,
                               const FeeTree& tree);

}  // namespace market
