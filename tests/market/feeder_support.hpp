#pragma once
// A small feeder as a grid operator tells it to the village's chain.

#include "market/entries/trading_grid.hpp"
#include "tests/market/village_support.hpp"

namespace market_test {

inline SubjectKey operator_key() { return Village::restricted_key(90); }

// A bus for the busbar, and two behind a line of which 300 Wh may come and 200 may go.
inline TradeLimits example_limits() {
  return {3, {{{{1, 1}, {2, 1}}, 300}, {{{1, -1}, {2, -1}}, 200}}};
}

inline FeeTree example_tree() {
  return {{0, {0}, {0}}, {0, {5'000}, {20'000}}, {1, {1'000}, {4'000}}};
}

// The village's genesis, cleared by a mechanism that needs a feeder.
inline Genesis feeder_genesis(const std::string& mechanism, bool with_operator = true) {
  Genesis g = village_genesis();
  g.mechanism = mechanism;
  if (mechanism == "fee-tree") g.local_grid_fee = {};
  if (!with_operator) g.grid_operator = {};
  return g;
}

// Meter and bus each.
inline std::vector<Opening> places(
    std::uint32_t from, std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> at) {
  std::vector<Opening> out;
  for (const auto& [meter, bus] : at)
    out.push_back(
        opening_of(Village::restricted_key(meter),
                   HomePlace{account(static_cast<std::uint8_t>(meter)), {meter}, {from}, bus}));
  return out;
}

}  // namespace market_test
