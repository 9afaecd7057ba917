#pragma once
// What a feeder's state lets the trades of a slot add: the rows of
// market/clearing/trade_limits.hpp, in integers, from the sensitivities at what flows anyway
// (limited_elements.hpp).
//
// A Wh that a place buys more in the slot is 60 / slot_minutes W more at its connections, in equal
// shares; one that it sells more, as much less. A row's unit is 10^-10 of its element's limit;
// coefficients are rounded to the nearest unit, room down, and 0 where the base is beyond the limit
// already. Rows that no trades can fill are left out (a place buys and sells at most what it is
// given), and of those with equal coefficients, as lines in series have, all but the one with least
// room. Rows are linear: what is left of an overload is for a full power flow to show.

#include <span>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/trade_limits.hpp"
#include "twin/grid/flow/grid_figures.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

// A bus of the market: where orders stand.
struct TradingPlace {
  std::vector<std::uint32_t> connections;  // at least one
  double most_bought_wh = 0, most_sold_wh = 0;
};

struct FeederTradeLimits {
  market::TradeLimits limits;
  // By row, in words: "line a, phase 2" or "voltage at b, leg 1, above".
  std::vector<std::string> names;
};

// `draw_va`: what flows without the trades. The network has passed PowerFlow::check. Refused where
// it has no power flow, or where an element's limit is so small that a Wh is beyond 10 % of it.
ledger::Result<FeederTradeLimits> feeder_trade_limits(const Network& network,
                                                      std::span<const Phases> draw_va,
                                                      std::span<const TradingPlace> places,
                                                      const GridLimits& limits,
                                                      double slot_minutes);

}  // namespace twin
