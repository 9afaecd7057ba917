// What a feeder lets trades add, in integers.

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "market/clearing/clearing.hpp"
#include "market/clearing/grid_clearing.hpp"
#include "tests/support/european_lv.hpp"
#include "tests/support/setting.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/trade_limits.hpp"
#include "twin/grid/model/phase_matrix.hpp"

using namespace twin;

namespace {

// Source, then two streets of one line and one home each.
Network two_streets(double rated_a) {
  Network net;
  net.buses = {{"source", 230, 0, 0, 1}, {"left", 230, 0, 0, 2}, {"right", 230, 0, 0, 3}};
  net.sources.resize(1);
  for (std::uint32_t b : {1u, 2u}) {
    Line line;
    line.name = "street " + std::to_string(b);
    line.to = b;
    line.z = from_sequence({0.01, 0.005}, {0.03, 0.01});
    line.rated_a = b == 1 ? rated_a : 0;
    net.lines.push_back(line);
    Connection c;
    c.name = "home " + std::to_string(b);
    c.bus = b;
    net.connections.push_back(c);
  }
  return net;
}

std::vector<TradingPlace> both_places(double most_wh) {
  return {{{0}, most_wh, most_wh}, {{1}, most_wh, most_wh}};
}

// An order a home: surplus at the near homes, cars at the far ones.
struct OrderedSlot {
  std::vector<market::Order> orders;
  std::vector<std::uint32_t> home;
  std::vector<TradingPlace> places;
};

OrderedSlot surplus_and_cars(std::uint32_t homes, ledger::Rng rng) {
  OrderedSlot out;
  for (std::uint32_t c = 0; c < homes; ++c) {
    market::Order o;
    const auto bytes = rng.bytes32();
    std::copy_n(bytes.begin(), o.id.bytes.size(), o.id.bytes.begin());
    const bool sells = c < 25;
    o.side = sells ? market::Side::sell : market::Side::buy;
    o.energy = {2000 + static_cast<std::int64_t>(rng.below(1000))};
    o.limit = {(sells ? 80'000 : 150'000) + static_cast<std::int64_t>(rng.below(70'000))};
    out.orders.push_back(o);
    out.home.push_back(c);
    const auto wh = static_cast<double>(o.energy.value);
    out.places.push_back({{c}, sells ? 0 : wh, sells ? wh : 0});
  }
  return out;
}

// The fullest branch once these fills flow beside the draws.
double loading_after(const Network& net, std::vector<Phases> draws, const OrderedSlot& slot,
                     const std::vector<ledger::WattHours>& fills) {
  for (std::size_t i = 0; i < fills.size(); ++i) {
    const double w = static_cast<double>(fills[i].value) * 4;
    for (unsigned p = 0; p < 3; ++p)
      if (net.connections[slot.home[i]].phases == 1u << p)
        draws[slot.home[i]][p] += slot.orders[i].side == market::Side::buy ? w : -w;
  }
  PowerFlow flow(net);
  const PowerFlowResult& r = flow.solve(draws);
  REQUIRE(r.converged);
  return *std::max_element(r.loading.begin(), r.loading.end());
}

}  // namespace

TEST_CASE("a street's rating is a row, in ten-billionths of it") {
  const Network net = two_streets(40);
  const std::vector<Phases> draws{{2300, 2300, 2300}, {0, 0, 0}};  // 10 A on the left
  const auto found = feeder_trade_limits(net, draws, both_places(10'000), {}, 15);
  REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error()));
  REQUIRE_FALSE(found->limits.rows.empty());
  // Towards the home, three quarters of the rating are left. A Wh in 15 minutes is 4 W, 5.8 mA a
  // phase: 145 millionths of 40 A.
  bool seen = false;
  for (std::size_t r = 0; r < found->limits.rows.size(); ++r) {
    const market::LimitRow& row = found->limits.rows[r];
    if (found->names[r].find("street 1") == std::string::npos) continue;
    REQUIRE(row.terms.size() == 1);
    CHECK(row.terms[0].bus == 0);
    if (std::abs(static_cast<double>(row.terms[0].coefficient) - 1.45e6) > 0.02e6) continue;
    CHECK(static_cast<double>(row.room) == doctest::Approx(7.45e9).epsilon(0.01));
    seen = true;
  }
  CHECK(seen);
}

TEST_CASE("what trades cannot fill has no rows, and what is full has no room") {
  const Network net = two_streets(40);
  const std::vector<Phases> idle{{0, 0, 0}, {0, 0, 0}};
  CHECK(feeder_trade_limits(net, idle, both_places(1000), {}, 15)->limits.rows.empty());
  const std::vector<Phases> full{{11500, 11500, 11500}, {0, 0, 0}};  // 50 A of 40
  const auto found = feeder_trade_limits(net, full, both_places(1000), {}, 15);
  REQUIRE(found.has_value());
  const bool closed = std::any_of(
      found->limits.rows.begin(), found->limits.rows.end(),
      [](const market::LimitRow& row) { return row.room == 0 && row.terms[0].coefficient > 0; });
  CHECK(closed);
}

TEST_CASE("a feeder without a power flow, or too small for a Wh, is refused") {
  const std::vector<Phases> absurd{{1e7, 1e7, 1e7}, {0, 0, 0}};
  const auto unsolved = feeder_trade_limits(two_streets(40), absurd, both_places(1000), {}, 15);
  REQUIRE_FALSE(unsolved.has_value());
  CHECK(unsolved.error().find("does not converge") != std::string::npos);
  const std::vector<Phases> idle{{0, 0, 0}, {0, 0, 0}};
  const auto tiny = feeder_trade_limits(two_streets(0.01), idle, both_places(1000), {}, 15);
  REQUIRE_FALSE(tiny.has_value());
  CHECK(tiny.error().find("street 1") != std::string::npos);
}

TEST_CASE("European LV keeps its limits with grid-aware clearing, in slots of a whole day") {
  auto net = test::european_lv();
  if (!net) return;
  net->sources[0].voltage_pu = 0.98;  // the file's 1.05 leaves no room below 1.1 pu
  for (Connection& c : net->connections) c.model.max_pu = 10;
  for (Line& l : net->lines) l.rated_a = 120;
  double with = 0, without = 10, widest_gap_wh = 0;
  const std::size_t step = 96 / test::setting("AIPCHAIN_SLOTS", 12);
  for (std::size_t slot = 0; slot < 96; slot += step) {
    CAPTURE(slot);
    const OrderedSlot s = surplus_and_cars(static_cast<std::uint32_t>(net->connections.size()),
                                           ledger::Rng(slot).fork("slot"));
    const auto draws = test::european_lv_draws(*net, 15 * slot + 8);
    const auto rows = feeder_trade_limits(*net, draws, s.places, {}, 15);
    REQUIRE_MESSAGE(rows.has_value(), (rows ? "" : rows.error()));
    const auto proposal = market::propose_grid_clearing(s.orders, s.home, rows->limits);
    REQUIRE_MESSAGE(proposal.has_value(), (proposal ? "" : proposal.error()));
    const auto nodal = market::check_proposal(s.orders, s.home, rows->limits, *proposal);
    REQUIRE(nodal.has_value());
    widest_gap_wh = std::max(widest_gap_wh, static_cast<double>(nodal->gap.value) / 220);
    with = std::max(with, loading_after(*net, draws, s, proposal->fills));
    const auto uniform = market::clear(market::Mechanism::uniform, s.orders, {});
    without = std::min(without, loading_after(*net, draws, s, uniform.fills));
  }
  // Rows are linear at what flows without trades. These are 8 to 12 kW a home on one phase, so that
  // currents grow by the voltage that they take: 7 % at most in a day of slots.
  CHECK(with <= 1.08);
  CHECK(with > 0.98);
  CHECK(without > 1.05);
  CHECK(widest_gap_wh < 2);
  MESSAGE("loading ", with, " at most; by the uniform auction ", without, " at least; gap ",
          widest_gap_wh, " Wh at most");
}
