// Sweep and Newton, which share nothing but the elements' two-ports, give the same voltages on
// random feeders, and power balances at every bus of both. AIPCHAIN_FEEDERS sets another number of
// feeders and AIPCHAIN_SEED another first seed (scripts/campaign feeders).

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>

#include "tests/support/power_balance.hpp"
#include "tests/support/random_feeder.hpp"
#include "tests/support/setting.hpp"
#include "twin/grid/flow/newton.hpp"
#include "twin/grid/flow/sweep.hpp"

using namespace twin;

namespace {

std::vector<Phases> voltages_of(const SweepBlock& block, std::size_t buses) {
  std::vector<Phases> out(buses);
  for (std::uint32_t b = 0; b < buses; ++b)
    for (unsigned p = 0; p < 3; ++p) out[b][p] = block.voltage_v(b, p, 0);
  return out;
}

// A step of 1e-8 pu over a short line at medium voltage is a power of 100 VA and more, which may be
// all that flows there: power is balanced where steps are smaller.
std::vector<Phases> closely_swept(const test::RandomFeeder& feeder, const Topology& topology) {
  Sweep sweep(feeder.network, topology, {.tolerance_pu = 1e-12});
  const SweepBlock& block = sweep.solve(feeder.draw_va);
  REQUIRE(block.outcomes[0].converged);
  return voltages_of(block, feeder.network.buses.size());
}

// What was seen over all feeders.
struct Figures {
  std::uint64_t feeders = 0, with_loops = 0, without_sweep = 0;
  std::uint64_t buses = 0;
  double apart_pu = 0, unbalanced = 0, lowest_pu = 2;

  void print() const {
    std::printf(
        "feeders: %llu, of %llu buses together, %llu with loops; beside them %llu that only Newton "
        "solves\n"
        "farthest apart: %.1e pu\nworst power balance: %.1e of what passes\nlowest voltage: %.3f "
        "pu\n",
        static_cast<unsigned long long>(feeders), static_cast<unsigned long long>(buses),
        static_cast<unsigned long long>(with_loops), static_cast<unsigned long long>(without_sweep),
        apart_pu, unbalanced, lowest_pu);
  }
};

void judge(const test::RandomFeeder& feeder, const std::vector<Phases>& v, Figures& figures) {
  const auto balance = test::power_balance(feeder.network, feeder.draw_va, v);
  CHECK_MESSAGE(balance.worst < 1e-6, "bus ", balance.bus);
  figures.unbalanced = std::max(figures.unbalanced, balance.worst);
}

void compare(const Network& net, const std::vector<Phases>& a, const std::vector<Phases>& b,
             Figures& figures) {
  double apart = 0;
  for (std::size_t n = 0; n < a.size(); ++n)
    for (std::size_t p = 0; p < 3; ++p) {
      const double nominal_v = net.buses[n].nominal_v;
      apart = std::max(apart, std::abs(a[n][p] - b[n][p]) / nominal_v);
      if (a[n][p] != Complex{})
        figures.lowest_pu = std::min(figures.lowest_pu, std::abs(a[n][p]) / nominal_v);
    }
  CHECK(apart < 1e-6);
  figures.apart_pu = std::max(figures.apart_pu, apart);
}

}  // namespace

TEST_CASE("solvers agree: sweep and Newton on random feeders") {
  const std::uint64_t wanted = test::setting("AIPCHAIN_FEEDERS", 100),
                      first = test::setting("AIPCHAIN_SEED", 1);
  Figures figures;
  for (std::uint64_t seed = first; figures.feeders < wanted; ++seed) {
    CAPTURE(seed);
    const auto size = test::random_feeder_size(seed);
    const auto feeder = test::random_feeder(seed, size);
    Newton newton(feeder.network);
    const NewtonResult& n = newton.solve(feeder.draw_va);
    REQUIRE(n.converged);
    judge(feeder, n.voltage_v, figures);
    const Topology topology = topology_of(feeder.network);
    if (!Sweep::unsupported(feeder.network, topology).empty()) {
      ++figures.without_sweep;
      REQUIRE(figures.without_sweep <= 20 + wanted / 2);
      continue;
    }
    Sweep sweep(feeder.network, topology);
    const SweepBlock& block = sweep.solve(feeder.draw_va);
    REQUIRE(block.outcomes[0].converged);
    compare(feeder.network, n.voltage_v, voltages_of(block, feeder.network.buses.size()), figures);
    judge(feeder, closely_swept(feeder, topology), figures);
    ++figures.feeders;
    figures.with_loops += topology.chords.empty() ? 0 : 1;
    figures.buses += feeder.network.buses.size();
  }
  CHECK(figures.lowest_pu > 0.85);
  CHECK(figures.lowest_pu < 0.92);  // they are loaded
  CHECK(figures.with_loops > figures.feeders / 5);
  figures.print();
}

TEST_CASE("solvers agree: one of them alone would not notice a wrong load") {
  // The comparison can fail: one leg is a percent larger for one of them.
  const auto feeder = test::random_feeder(3, {40, 0});
  const Topology topology = topology_of(feeder.network);
  REQUIRE(Sweep::unsupported(feeder.network, topology).empty());
  auto other = feeder.draw_va;
  for (Complex& leg : other[0]) leg *= 1.01;
  Newton newton(feeder.network);
  Sweep sweep(feeder.network, topology);
  const NewtonResult& n = newton.solve(feeder.draw_va);
  const auto swept = voltages_of(sweep.solve(other), feeder.network.buses.size());
  double apart = 0;
  for (std::size_t b = 0; b < swept.size(); ++b)
    apart = std::max(apart,
                     std::abs(swept[b][0] - n.voltage_v[b][0]) / feeder.network.buses[b].nominal_v);
  CHECK(apart > 1e-6);
  CHECK(test::power_balance(feeder.network, feeder.draw_va, swept).worst > 1e-6);
}

TEST_CASE("solvers agree: phases that only a loop brings to a bus are no sweep's business") {
  Network net;
  for (const char* name : {"source", "middle", "end"}) net.buses.push_back({name, 230, 0, 0, 0});
  net.sources.resize(1);
  const auto add_line = [&](std::uint32_t from, std::uint32_t to, PhaseMask phases) {
    Line l;
    l.from = from;
    l.to = to;
    l.phases = phases;
    for (unsigned p = 0; p < 3; ++p)
      if (phases >> p & 1) l.z[p][p] = {0.1, 0.1};
    net.lines.push_back(l);
  };
  add_line(0, 2, 0b010);  // the shortest way, of one phase
  add_line(0, 1, all_phases);
  add_line(1, 2, all_phases);
  CHECK(Sweep::unsupported(net, topology_of(net)) ==
        "bus \"end\" has phases that only a loop brings there");
  net.lines[0].from_closed = false;
  CHECK(Sweep::unsupported(net, topology_of(net)).empty());
}
