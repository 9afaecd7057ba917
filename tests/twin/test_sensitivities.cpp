// Sensitivities against the full power flow, solved again with a little more power.

#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <numeric>

#include "tests/support/european_lv.hpp"
#include "tests/support/random_feeder.hpp"
#include "twin/grid/flow/sensitivities.hpp"
#include "twin/grid/model/topology.hpp"

using namespace twin;

namespace {

// The largest differences from central differences of the power flow, as shares of the largest
// derivative of their kind.
struct Differences {
  double voltage = 0, current = 0;
  double largest_v = 0, largest_a = 0;  // derivatives, V and A a W
};

std::vector<Phases> with_more(const Network& net, std::vector<Phases> draw_va,
                              std::uint32_t connection, Complex va) {
  const Connection& c = net.connections[connection];
  for (unsigned p = 0; p < 3; ++p)
    if (c.phases >> p & 1)
      draw_va[connection][p] += va / static_cast<double>(std::popcount(c.phases));
  return draw_va;
}

Differences differences(const Network& net, const std::vector<Phases>& draw_va,
                        const std::vector<std::uint32_t>& connections, double step_va) {
  // Regulators stand still; a limit of a load's range would be a kink.
  PowerFlow flow(net, {.tolerance_pu = 1e-11});
  const PowerFlowResult base = flow.solve(draw_va);
  REQUIRE(base.converged);
  SensitivityModel model(net);
  const auto s = model.at(base, draw_va, connections);
  REQUIRE(s.has_value());
  Differences out;
  double worst_v = 0, worst_a = 0;
  for (std::size_t c = 0; c < connections.size(); ++c)
    for (const Complex unit : {Complex(1, 0), Complex(0, 1)}) {
      const auto up = flow.solve(with_more(net, draw_va, connections[c], step_va * unit));
      const auto down = flow.solve(with_more(net, draw_va, connections[c], -step_va * unit));
      const bool active = unit.real() > 0;
      const auto slope = [&](Complex above, Complex below) {
        return (above - below) / (2 * step_va);
      };
      for (std::uint32_t b = 0; b < net.buses.size(); ++b)
        for (std::size_t p = 0; p < 3; ++p) {
          const Complex ours = active ? s->dv_dp(c, b)[p] : s->dv_dq(c, b)[p];
          const Complex theirs = slope(up.voltage_v[b][p], down.voltage_v[b][p]);
          // Volts of each level on one scale.
          const double scale = 230 / net.buses[b].nominal_v;
          out.largest_v = std::max(out.largest_v, scale * std::abs(ours));
          worst_v = std::max(worst_v, scale * std::abs(ours - theirs));
        }
      for (std::size_t w = 0; w < s->watched.size(); ++w)
        for (std::size_t p = 0; p < 3; ++p) {
          const WatchedBranch& branch = s->watched[w];
          const auto& above = branch.at_from ? up.current_a : up.to_current_a;
          const auto& below = branch.at_from ? down.current_a : down.to_current_a;
          const Complex ours = active ? s->di_dp(c, w)[p] : s->di_dq(c, w)[p];
          const Complex theirs = slope(above[branch.branch][p], below[branch.branch][p]);
          const double scale = net.buses[branch_ends(net, branch.branch).to].nominal_v / 230;
          out.largest_a = std::max(out.largest_a, scale * std::abs(ours));
          worst_a = std::max(worst_a, scale * std::abs(ours - theirs));
        }
    }
  out.voltage = worst_v / out.largest_v;
  out.current = out.largest_a > 0 ? worst_a / out.largest_a : 0;
  return out;
}

std::vector<std::uint32_t> all_of(const Network& net) {
  std::vector<std::uint32_t> out(net.connections.size());
  std::iota(out.begin(), out.end(), 0u);
  return out;
}

}  // namespace

TEST_CASE("sensitivities of made-up feeders are the power flow's differences") {
  int compared = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const std::uint32_t loops = seed % 3 == 0 ? 2 : 0;
    auto [net, draw_va] = test::random_feeder(seed, {10 + static_cast<std::uint32_t>(seed), loops});
    net.tap_controls.clear();
    for (Line& l : net.lines) l.rated_a = 200;
    // Voltages to ground that nearly float are not exact enough to take differences of.
    for (Transformer& t : net.transformers) t.antifloat = 0.01;
    for (Connection& c : net.connections) {
      c.model.min_pu = 0;
      c.model.max_pu = 10;
    }
    if (net.connections.empty()) continue;
    std::vector<std::uint32_t> some = all_of(net);
    if (some.size() > 6) some.resize(6);
    double total_va = 0;
    for (const Phases& d : draw_va)
      for (const Complex& s : d) total_va += std::abs(s);
    const Differences d = differences(net, draw_va, some, 1e-3 * std::max(total_va, 1000.0) / 10);
    CHECK(d.voltage < 1e-4);
    CHECK(d.current < 1e-4);
    ++compared;
  }
  CHECK(compared >= 38);
}

TEST_CASE("sensitivities of European LV are the power flow's differences") {
  auto net = test::european_lv();
  if (!net) return;
  for (Connection& c : net->connections) c.model.max_pu = 10;
  for (Line& l : net->lines) l.rated_a = 200;
  const auto draw_va = test::european_lv_draws(*net, 566);
  std::vector<std::uint32_t> some{0, 7, 23, 41, 54};
  const Differences d = differences(*net, draw_va, some, 50);
  CHECK(d.voltage < 1e-5);
  CHECK(d.current < 1e-5);
  // A watt at the far end of the street moves its voltage by tenths of a millivolt.
  CHECK(d.largest_v > 1e-4);
  CHECK(d.largest_v < 1e-2);
}

TEST_CASE("a magnitude's slope") {
  CHECK(magnitude_slope({3, 4}, {1, 0}) == doctest::Approx(0.6));
  CHECK(magnitude_slope({0, 0}, {3, 4}) == doctest::Approx(5));
  CHECK(magnitude_slope({-2, 0}, {1, 5}) == doctest::Approx(-1));
}
