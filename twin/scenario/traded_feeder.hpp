#pragma once
// A scenario's feeder as trade sees it: at which bus each home stands, what trades may add to what
// flows without the homes, and what a way through the feeder costs.
//
// Buses of the market are those of the network at which homes stand, by rising number, and one more
// behind them: the busbar, which loads nothing, for orders of accounts that are no home's. Homes
// count as 0 W, loads and plants of the grid file at which none stands as the file has them. A
// place buys and sells at most what its homes' fuses of 63 A let through.

#include "market/entries/trading_grid.hpp"
#include "twin/grid/flow/trade_limits.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

struct MarketBuses {
  std::vector<std::uint32_t> of_home;  // the market's bus
  std::vector<std::uint32_t> network;  // by the market's bus, without the busbar: the network's
  std::uint32_t busbar() const { return static_cast<std::uint32_t>(network.size()); }
};
MarketBuses market_buses(const Scenario& scenario, const Network& network);

// Their buses are market_buses'. The error says what the feeder lacks.
ledger::Result<FeederTradeLimits> trade_limits_of(const Scenario& scenario, const Network& network);

// The tree below the first source (lines that close loops are not in it), with the prices of
// prices.fee_tree: a line costs by its length, rounded to the nearest micro-euro per kWh, a
// transformer the same whatever it is. Which direction is dear follows from what flows without the
// homes.
struct FeederFees {
  market::FeeTree tree;
  std::vector<std::uint32_t> node_of_bus;  // by the network's bus; of one out of the tree the root
};
FeederFees fees_of(const Scenario& scenario, const Network& network);

// What a mechanism clears by, grid-aware or fee-tree, and at which bus or node each home stands.
struct TradedFeeder {
  market::FeederTerms terms;
  std::vector<std::uint32_t> bus_of_home;
};
ledger::Result<TradedFeeder> traded_feeder_of(const Scenario& scenario, const Network& network,
                                              market::FeederForm form);

}  // namespace twin
