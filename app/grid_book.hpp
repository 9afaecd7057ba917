#pragma once
// A book of orders whose buses are a grid file's, cleared within what the
// feeder lets through.

#include <span>
#include <string>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/grid_proposal.hpp"
#include "market/clearing/order_book_reader.hpp"
#include "twin/grid/power_flow.hpp"
#include "twin/grid/trade_limits.hpp"

namespace app {

// The feeder's worst at a power flow.
struct FeederState {
  bool converged = false;
  double max_loading = 0, v_min_pu = 0,
         v_max_pu = 0;       // voltages over the connections' legs
  std::string worst_branch;  // empty where none has a rating
};

struct GridBook {
  std::vector<std::string> buses;       // of the market, by name
  std::vector<std::uint32_t> of_order;  // where each order stands among them
  twin::FeederTradeLimits limits;
  market::GridProposal proposal;
  market::NodalClearing nodal;
  FeederState before, after;  // the trades, by the full power flow
};

// A bus of the book is one of the file by its name or, where none has it, its number. Loads of the
// file flow as they stand; an order's power lies evenly on its bus's connections, or on all phases
// of a bus that has none. Refused by name: a bus that is not there, a file without a power flow.
ledger::Result<GridBook> clear_on_grid(const std::string& grid_file,
                                       const market::OrderBook& orders, double slot_minutes);

// One bus without limits: what grid-aware clearing is without a grid.
ledger::Result<GridBook> clear_without_grid(std::span<const market::Order> orders);

}  // namespace app
