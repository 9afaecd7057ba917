// Where a scenario's homes come to stand on a network.

#include <doctest/doctest.h>
#include <map>

#include "twin/scenario/scenario_reader.hpp"

using namespace twin;

namespace {

// Connections a, plant (which feeds in) and b.
Network street() {
  Network net;
  net.buses.resize(1);
  for (const char* name : {"a", "plant", "b"}) {
    Connection c;
    c.name = name;
    c.draw_va[0] = c.name == "plant" ? -500 : 500;
    net.connections.push_back(c);
  }
  return net;
}

ledger::Result<Scenario> on_the_street(const std::string& homes) {
  const auto read =
      read_scenario("name = \"street\"\n[time]\nstart = \"2026-06-21T00:00:00+02:00\"\n" + homes,
                    "street.toml", {});
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error()));
  return read->expand(street());
}

}  // namespace

TEST_CASE("a population leaves the grid file's plants alone") {
  const auto all = on_the_street("[[population]]\ncount = \"all\"\n");
  REQUIRE_MESSAGE(all.has_value(), (all ? "" : all.error()));
  REQUIRE(all->homes.size() == 2);
  CHECK(all->homes[0].connection == 0);
  CHECK(all->homes[1].connection == 2);
  const auto three = on_the_street("[[population]]\ncount = 3\n");
  REQUIRE_FALSE(three.has_value());
  CHECK(three.error().find("the grid has 2 free connections") != std::string::npos);
}

TEST_CASE(
    "a prosumer may stand where the grid file has a plant, and populations fill up around it") {
  const auto s = on_the_street(
      "[[prosumer]]\nname = \"own\"\nconnection = \"plant\"\n[[population]]\ncount = 1\n");
  REQUIRE_MESSAGE(s.has_value(), (s ? "" : s.error()));
  REQUIRE(s->homes.size() == 2);
  CHECK(s->homes[0].connection == 1);
  CHECK(s->homes[1].connection == 0);
}

namespace {

// How many of 300 homes bid by each strategy.
std::map<ai::Strategy, int> strategies_of(const std::string& key) {
  Network net;
  net.buses.resize(1);
  for (int c = 0; c < 300; ++c) {
    Connection connection;
    connection.name = "c" + std::to_string(c);
    net.connections.push_back(connection);
  }
  const auto read =
      read_scenario("name = \"street\"\n[[population]]\ncount = 300\n" + key, "street.toml", {});
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error()));
  const auto s = read->expand(net);
  REQUIRE(s.has_value());
  std::map<ai::Strategy, int> out;
  for (const HomeSpec& home : s->homes) ++out[home.strategy];
  return out;
}

}  // namespace

TEST_CASE("a population bids by one strategy, or by shares of several") {
  using ai::Strategy;
  CHECK(strategies_of("") == std::map<Strategy, int>{{Strategy::zero_intelligence, 300}});
  CHECK(strategies_of("strategy = \"linear\"\n") ==
        std::map<Strategy, int>{{Strategy::linear, 300}});
  auto mixed = strategies_of("strategy = { truthful = 0.5, adaptive = 0.3 }\n");
  CHECK(mixed.size() == 3);
  CHECK(std::abs(mixed[Strategy::truthful] - 150) < 35);  // 4 sigma
  CHECK(std::abs(mixed[Strategy::adaptive] - 90) < 32);
  CHECK(std::abs(mixed[Strategy::zero_intelligence] - 60) < 28);  // the rest
  CHECK(strategies_of("strategy = { truthful = 1 }\n").size() == 1);
}
