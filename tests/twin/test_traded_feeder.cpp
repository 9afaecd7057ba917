// A scenario's feeder as trade sees it: where homes stand, what trades may add, what a way costs.

#include <doctest/doctest.h>

#include "twin/grid/model/phase_matrix.hpp"
#include "twin/scenario/traded_feeder.hpp"

using namespace twin;

namespace {

// Source, then a street of two lines; a home at each end, and a load of the file's at the far one.
struct Street {
  Network network;
  Scenario scenario;

  explicit Street(double load_w) {
    network.buses = {{"source", 230, 0, 0, 1}, {"near", 230, 0, 0, 2}, {"far", 230, 0, 0, 3}};
    network.sources.resize(1);
    for (const std::uint32_t b : {1u, 2u}) {
      Line line;
      line.name = "line " + std::to_string(b);
      line.from = b - 1;
      line.to = b;
      line.length_m = 100 * b;
      line.z = from_sequence({0.01, 0.005}, {0.03, 0.01});
      line.rated_a = b == 2 ? 40 : 0;
      network.lines.push_back(line);
    }
    for (const std::uint32_t bus : {2u, 1u, 2u}) {
      Connection c;
      c.bus = bus;
      c.draw_va = {load_w / 3, load_w / 3, load_w / 3};
      network.connections.push_back(c);
    }
    scenario.homes.resize(2);
    scenario.homes[0].connection = 0;
    scenario.homes[1].connection = 1;
  }

  // The least room of a row over the second line that the far home's purchases fill.
  std::int64_t room() const {
    const auto found = trade_limits_of(scenario, network);
    REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error()));
    std::int64_t least = INT64_MAX;
    for (const market::LimitRow& row : found->limits.rows)
      for (const market::LimitTerm& t : row.terms)
        if (t.bus == 1 && t.coefficient > 1'000'000) least = std::min(least, row.room);
    return least;
  }
};

}  // namespace

TEST_CASE("the market's buses are those with homes, by rising number, and the busbar") {
  const Street street(0);
  const MarketBuses buses = market_buses(street.scenario, street.network);
  CHECK(buses.network == std::vector<std::uint32_t>{1, 2});
  CHECK(buses.of_home == std::vector<std::uint32_t>{1, 0});
  CHECK(buses.busbar() == 2);
  CHECK(trade_limits_of(street.scenario, street.network)->limits.buses == 3);
}

TEST_CASE("homes leave the feeder empty, and what else the grid file draws takes room") {
  const auto room = static_cast<double>(Street(0).room());
  CHECK(room == doctest::Approx(1e10).epsilon(0.01));
  // 6.9 kW are 10 of 40 A; the homes' own loads in the file do not count.
  CHECK(static_cast<double>(Street(6900).room()) == doctest::Approx(0.745 * room).epsilon(0.01));
  CHECK(Street(34'500).room() == 0);
  Street tight(0);
  tight.scenario.grid.max_loading = 0.5;
  CHECK(static_cast<double>(tight.room()) == doctest::Approx(room).epsilon(0.01));
  const auto limits = trade_limits_of(tight.scenario, tight.network)->limits;
  CHECK(std::any_of(limits.rows.begin(), limits.rows.end(), [](const market::LimitRow& row) {
    return row.terms.back().coefficient > 2'800'000;  // twice what it is of 40 A
  }));
}

TEST_CASE("a feeder without a power flow is named") {
  const auto found = trade_limits_of(Street(3e7).scenario, Street(3e7).network);
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().find("does not converge") != std::string::npos);
}

TEST_CASE("a way costs by the length of its lines, and less against what flows anyway") {
  Street street(3000);
  street.scenario.prices.fee_tree = {{100'000}, {20'000}, 25};
  const FeederFees fees = fees_of(street.scenario, street.network);
  CHECK(market::check_fee_tree(fees.tree).empty());
  CHECK(fees.node_of_bus == std::vector<std::uint32_t>{0, 1, 2});
  CHECK(fees.tree[2].parent == 1);
  CHECK(fees.tree[1].down.value == 10'000);
  CHECK(fees.tree[1].up.value == 2'500);
  CHECK(fees.tree[2].down.value == 20'000);
  CHECK(fees.tree[2].up.value == 5'000);
  Street idle(0);
  idle.scenario.prices.fee_tree = street.scenario.prices.fee_tree;
  CHECK(fees_of(idle.scenario, idle.network).tree[2].up.value == 20'000);
  idle.network.transformers.resize(1);
  idle.network.transformers[0].from = 0;
  idle.network.transformers[0].to = 1;
  idle.network.transformers[0].coils.resize(3);
  idle.network.lines.erase(idle.network.lines.begin());
  CHECK(fees_of(idle.scenario, idle.network).tree[1].down.value == 20'000);
}
