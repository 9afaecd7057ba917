// What a feeder lets trades add, in integers.

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

#include "twin/grid/phase_matrix.hpp"
#include "twin/grid/trade_limits.hpp"

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
