#pragma once
// A book of orders whose buses are a grid file's, cleared within what the
// feeder lets through.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/grid_proposal.hpp"
#include "market/clearing/order_book_reader.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/trade_limits.hpp"

namespace app {

// The feeder's worst at a power flow.
struct FeederState {
  bool converged = false;
  double max_loading = 0;
  std::optional<double> v_min_pu, v_max_pu;  // over the connections' legs; none without any
  std::string worst_branch;                  // empty where none has a rating
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
// of a bus that has none. An order at no live bus is refused in its book, which clears without it;
// as a whole is refused a file without a power flow.
ledger::Result<GridBook> clear_on_grid(const std::string& grid_file, market::OrderBook& orders,
                                       double slot_minutes);

// One bus without limits: what grid-aware clearing is without a grid.
ledger::Result<GridBook> clear_without_grid(std::span<const market::Order> orders);

}  // namespace app
