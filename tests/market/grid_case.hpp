#pragma once
// Books at the buses of feeders with rows of trade limits, and their clearing, checked.

#include <algorithm>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "market/clearing/grid_clearing.hpp"
#include "tests/support/setting.hpp"

namespace market_test {

using namespace market;
using ledger::Rng;
using ledger::Wide;

struct GridCase {
  std::vector<Order> orders;
  std::vector<std::uint32_t> buses;
  TradeLimits limits;
};

inline Order grid_order(Side side, std::int64_t wh, std::int64_t limit, Rng& rng) {
  Order o;
  const auto bytes = rng.bytes32();
  std::copy_n(bytes.begin(), o.id.bytes.size(), o.id.bytes.begin());
  o.side = side;
  o.energy = {wh};
  o.limit = {limit};
  return o;
}

// Random orders at random buses; prices on a coarse grid, so that ties are common.
inline void add_orders(GridCase& c, std::size_t count, std::int64_t most_wh,
                       std::int64_t price_step, Rng& rng) {
  for (std::size_t i = 0; i < count; ++i) {
    const Side side = rng.chance(0.5) ? Side::buy : Side::sell;
    const auto wh = 1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most_wh)));
    c.orders.push_back(
        grid_order(side, wh, price_step * static_cast<std::int64_t>(rng.below(10)), rng));
    c.buses.push_back(static_cast<std::uint32_t>(rng.below(c.limits.buses)));
  }
}

// Rows of any coefficients, as voltages have them.
inline GridCase general_case(Rng& rng, std::size_t orders, std::int64_t most_wh) {
  GridCase c;
  c.limits.buses = 2 + static_cast<std::uint32_t>(rng.below(6));
  const std::size_t rows = rng.below(5);
  for (std::size_t r = 0; r < rows; ++r) {
    LimitRow row;
    for (std::uint32_t b = 0; b < c.limits.buses; ++b)
      if (const auto a = static_cast<std::int64_t>(rng.below(2001)) - 1000; a != 0)
        row.terms.push_back({b, a});
    row.room = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(1000 * most_wh)));
    if (!row.terms.empty()) c.limits.rows.push_back(row);
  }
  add_orders(c, orders, most_wh, 10'000, rng);
  return c;
}

struct Cleared {
  GridProposal proposal;
  NodalClearing outcome;
};

inline Cleared cleared(const GridCase& c) {
  auto proposal = propose_grid_clearing(c.orders, c.buses, c.limits);
  REQUIRE_MESSAGE(proposal.has_value(), (proposal ? "" : proposal.error()));
  auto outcome = check_proposal(c.orders, c.buses, c.limits, *proposal);
  REQUIRE(outcome.has_value());
  return {*proposal, *outcome};
}

// By hand, beside check_proposal: nobody trades worse than its limit, volumes are equal, and the
// grid operator pays nothing (but for half a micro-euro that the rent is rounded by).
inline void check_by_hand(const GridCase& c, const Cleared& r) {
  std::int64_t net = 0, rent = 0;
  for (std::size_t i = 0; i < c.orders.size(); ++i) {
    const auto fill = r.proposal.fills[i].value, price = r.outcome.prices[c.buses[i]].value;
    if (fill == 0) continue;
    const bool buys = c.orders[i].side == Side::buy;
    CHECK((buys ? c.orders[i].limit.value - price : price - c.orders[i].limit.value) >= 0);
    net += buys ? fill : -fill;
    rent += (buys ? fill : -fill) * price;
  }
  CHECK(net == 0);
  CHECK(rent > -500);
  CHECK(r.outcome.rent.value >= 0);
  CHECK(r.outcome.gap.value >= 0);
}

// scripts/campaign nodal asks for ten times as many.
inline std::uint64_t grid_rounds(std::uint64_t few) {
  return few * test::setting("AIPCHAIN_BOOKS", 1000) / 1000;
}

}  // namespace market_test
