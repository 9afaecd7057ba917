// Regulators in a steady state: which taps move, and how far.

#include <doctest/doctest.h>

#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/tap_control.hpp"

using namespace twin;

namespace {

// One phase each: a regulator of 2400 V from bus 0 to bus 1, its band 121 to 123 V.
Network regulators(int count) {
  Network net;
  net.buses.resize(2);
  for (Bus& b : net.buses) b.nominal_v = 2400;
  for (int i = 0; i < count; ++i) {
    Transformer t;
    t.from = 0;
    t.to = 1;
    const auto phase = static_cast<Terminal>(i);
    t.coils = {{{phase, Terminal::ground}, {phase, Terminal::ground}}};
    t.from_coil_v = t.to_coil_v = 2400;
    t.z = {0, 0.001};
    net.transformers.push_back(t);
    TapControl c;
    c.transformer = static_cast<std::uint32_t>(i);
    c.target_v = 122;
    c.band_v = 2;
    c.pt_ratio = 20;
    net.tap_controls.push_back(c);
  }
  return net;
}

std::vector<Phases> volts(double a, double b = 2440, double c = 2440) {
  return {Phases{}, Phases{a, b, c}};
}

double steps(const Network& net, std::size_t t = 0) {
  return (net.transformers[t].to_tap - 1) / 0.00625;
}

// The same behind a source of `volts`, with a load on each phase.
Network supplied_regulators(double volts) {
  Network net = regulators(3);
  Source source;
  source.voltage_pu = volts / 2400;
  net.sources.push_back(source);
  Connection load;
  load.bus = 1;
  load.draw_va = {1e5, 2e5, 3e5};
  net.connections.push_back(load);
  return net;
}

}  // namespace

TEST_CASE("inside its band nothing moves; outside, 70 % of the way but one step at least") {
  Network net = regulators(1);
  CHECK_FALSE(move_taps(net, volts(2440)));
  CHECK_FALSE(move_taps(net, volts(2421)));
  CHECK(move_taps(net, volts(2419)));  // 1.05 V missing: 1.4 steps
  CHECK(steps(net) == doctest::Approx(1));
  CHECK(move_taps(net, volts(2200)));  // 12 V missing: 16 steps, 11.2 of them
  CHECK(steps(net) == doctest::Approx(12));
  CHECK(move_taps(net, volts(2560)));  // 6 V too much: 8 steps, 5.6 of them
  CHECK(steps(net) == doctest::Approx(7));
}

TEST_CASE("taps end at their limits, and take no more steps at once than they may") {
  Network net = regulators(1);
  for (int i = 0; i < 3; ++i) move_taps(net, volts(1000));
  CHECK(steps(net) == doctest::Approx(16));
  CHECK_FALSE(move_taps(net, volts(1000)));
  CHECK(move_taps(net, volts(3000)));
  net = regulators(1);
  net.tap_controls[0].steps_at_once = 1;
  move_taps(net, volts(2000));
  CHECK(steps(net) == doctest::Approx(1));
}

TEST_CASE("of those that want to move, the ones with the shortest delay do") {
  Network net = regulators(3);
  net.tap_controls[0].delay_s = 30;
  CHECK(move_taps(net, volts(2400, 2400, 2440)));
  CHECK(steps(net, 0) == doctest::Approx(0));
  CHECK(steps(net, 1) == doctest::Approx(1));
  CHECK(steps(net, 2) == doctest::Approx(0));
  CHECK(move_taps(net, volts(2400, 2440, 2440)));
  CHECK(steps(net, 0) == doctest::Approx(1));
}

TEST_CASE("line-drop compensation takes what the line will lose off the voltage") {
  Network net = regulators(1);
  TapControl& c = net.tap_controls[0];
  c.ct_primary_a = 100;
  c.compensation_v = {3, 0};
  // 0.1 V over j 0.001 ohm: 100 A flow on to bus 1, so that 3 V are taken off.
  std::vector<Phases> v = volts(2440);
  v[0][0] = Complex(2440, 0.1);
  CHECK(regulated_v(net, c, v) == doctest::Approx(119).epsilon(1e-6));
  v[0][0] = Complex(2440, -0.1);  // now they flow back
  CHECK(regulated_v(net, c, v) == doctest::Approx(125).epsilon(1e-6));
  CHECK(move_taps(net, v));
  CHECK(net.transformers[0].to_tap < 1);
}

TEST_CASE("a network without regulators is at rest") {
  Network net = regulators(0);
  CHECK_FALSE(move_taps(net, volts(1)));
}

TEST_CASE("a power flow brings its regulators to rest inside their bands") {
  const Network net = supplied_regulators(2280);
  REQUIRE(PowerFlow::check(net) == "");
  PowerFlow flow(net);
  const PowerFlowResult& result = flow.solve(std::vector{net.connections[0].draw_va});
  REQUIRE(result.converged);
  for (std::size_t p = 0; p < 3; ++p) {
    CHECK(std::abs(result.voltage_v[1][p]) >= 2420);
    CHECK(std::abs(result.voltage_v[1][p]) <= 2460);
    CHECK(result.tap[p] > 1.05);
  }
  // What enters is what the load draws and the branches lose, with the taps where they are.
  double lost_w = 0;
  for (const double w : result.losses_w) lost_w += w;
  CHECK(result.source_va.real() == doctest::Approx(6e5 + lost_w).epsilon(1e-7));
  // They rest, so that the next call finds them there.
  const std::vector<double> taps = result.tap;
  CHECK(flow.solve(std::vector{net.connections[0].draw_va}).tap == taps);
}

TEST_CASE("a regulator whose band is narrower than its step never rests, and is named") {
  Network net = supplied_regulators(2280);
  net.tap_controls[1].band_v = 0.01;
  PowerFlow flow(net);
  const PowerFlowResult& result = flow.solve(std::vector{net.connections[0].draw_va});
  CHECK_FALSE(result.converged);
  CHECK(result.restless == 1);
  CHECK(result.worst_bus == 1);
}
