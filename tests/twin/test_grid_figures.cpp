#include <cmath>
#include <doctest/doctest.h>
#include <numbers>

#include "twin/grid/flow/grid_figures.hpp"
#include "twin/grid/model/phase_matrix.hpp"

using namespace twin;
using ledger::Duration;
using ledger::Instant;

namespace {

constexpr double phase_v = 230;

// A source, a trunk, and two homes behind it on branches of their own.
Network fork() {
  Network net;
  net.sources.resize(1);
  for (const char* name : {"source", "joint", "left", "right"})
    net.buses.push_back({name, phase_v, 0, 0});
  const auto line = [&](const char* name, std::uint32_t from, std::uint32_t to) {
    Line l;
    l.name = name;
    l.from = from;
    l.to = to;
    l.z = from_sequence({0.1, 0}, {0.1, 0});
    l.rated_a = 100;
    net.lines.push_back(l);
  };
  line("trunk", 0, 1);
  line("to-left", 1, 2);
  line("from-right", 3, 1);  // written against the feeding
  for (const std::uint32_t bus : {2u, 3u}) {
    Connection c;
    c.name = net.buses[bus].name;
    c.bus = bus;
    net.connections.push_back(c);
  }
  return net;
}

Phases balanced(double volts) {
  const Complex a = std::polar(1.0, -2 * std::numbers::pi / 3);
  return {volts, volts * a, volts * a * a};
}

struct FigureCase {
  Network net = fork();
  GridFigures figures{net, topology_of(net), {}};
  PowerFlowResult result;
  std::vector<HomeDraw> homes{{2, 300, 0, 0, 0, 0}, {3, 300, 0, 0, 0, 0}};
  Instant now;

  FigureCase() {
    result.converged = true;
    result.voltage_v.assign(4, balanced(phase_v));
    result.loading.assign(3, 0.5);
    result.losses_w = {60, 30, 30};
  }
  void step(Duration d = ledger::seconds(5)) {
    now = now + d;
    figures.add(now, d, result, homes);
  }
  void run(double seconds) {
    for (double t = 0; t < seconds; t += 5) step();
  }
};

}  // namespace

TEST_CASE("a quiet grid has figures and no event") {
  FigureCase c;
  c.run(1200);
  const GridTotals t = c.figures.totals();
  CHECK(t.events == 0);
  CHECK(t.power_flows == 240);
  CHECK(t.max_loading == 0.5);
  CHECK(t.worst_element == "trunk");
  CHECK(t.v_min_pu == doctest::Approx(1));
  CHECK(t.max_unbalance < 1e-12);
  CHECK(t.least_share_inside == 1);
  CHECK(t.connections_outside == 0);
  CHECK(c.figures.supplies()[0].ten_minutes == 2);
  CHECK(c.figures.branches()[0].losses_kwh == doctest::Approx(0.02));
}

TEST_CASE("an overload has minutes, energy above the limit, depth, moment and cause") {
  FigureCase c;
  c.run(60);
  c.result.loading[1] = 1.2;
  c.homes[0].ev_w = 11'000;
  c.homes[1].heat_pump_w = 50'000;  // beyond another line
  c.run(30);
  c.result.loading[1] = 1.5;
  c.run(5);
  c.result.loading[1] = 0.9;
  c.run(30);  // a short gap does not end it
  c.result.loading[1] = 1.1;
  c.run(5);
  c.result.loading[1] = 0.9;
  c.run(120);
  REQUIRE(c.figures.events().size() == 1);
  const GridEvent& e = c.figures.events()[0];
  CHECK(e.kind == GridEventKind::overload);
  CHECK(c.figures.element_name(e) == "to-left");
  CHECK(e.start == Instant{} + ledger::seconds(60));
  CHECK(e.end == Instant{} + ledger::seconds(130));
  CHECK(e.depth == 1.5);
  CHECK(e.deepest == Instant{} + ledger::seconds(95));
  CHECK(e.cause == GridCause::cars);
  const GridTotals t = c.figures.totals();
  CHECK(t.overload_minutes == doctest::Approx(40.0 / 60));
  // 20 % of 3 x 230 V x 100 A for 30 s, 50 % and 10 % for 5 s each
  CHECK(t.overload_kwh == doctest::Approx(69.0 * (0.2 * 30 + 0.5 * 5 + 0.1 * 5) / 3600));
  CHECK(c.figures.branches()[0].overload_minutes == 0);
}

TEST_CASE("a gap of a minute ends an event") {
  FigureCase c;
  c.result.loading[0] = 2;
  c.step();
  c.result.loading[0] = 0;
  c.run(60);
  c.result.loading[0] = 2;
  c.step();
  CHECK(c.figures.events().size() == 2);
}

TEST_CASE("voltages count per unit of the connection's own nominal voltage, by leg") {
  FigureCase c;
  c.net.connections[0].nominal_v = 240;
  c.net.connections[1].phases = 0b010;
  GridFigures figures(c.net, topology_of(c.net), {});
  c.result.voltage_v[2] = balanced(252);
  c.result.voltage_v[3] = balanced(230);
  c.result.voltage_v[3][0] = 100;  // a phase that the right home does not use
  figures.add(Instant{} + ledger::seconds(5), ledger::seconds(5), c.result, c.homes);
  CHECK(figures.totals().v_max_pu == doctest::Approx(1.05));
  CHECK(figures.totals().v_min_pu == doctest::Approx(1.0));
}

TEST_CASE("EN 50160 judges ten-minute means: 95 % inside the band, all of them above 85 %") {
  const auto outside_after = [](int bad, double volts) {
    FigureCase c;
    for (int k = 0; k < 100; ++k) {
      c.result.voltage_v[2] = balanced(k < bad ? volts : phase_v);
      c.step(ledger::minutes(10));
    }
    CHECK(c.figures.totals().least_share_inside == doctest::Approx(1 - bad / 100.0));
    return c.figures.totals().connections_outside;
  };
  CHECK(outside_after(5, 200) == 0);
  CHECK(outside_after(6, 200) == 1);
  CHECK(outside_after(1, 190) == 1);
  CHECK(outside_after(1, 260) == 1);  // no mean may be above the band
}

TEST_CASE("a short dip is an event, and no matter for the ten-minute mean") {
  FigureCase c;
  c.run(300);
  c.result.voltage_v[3] = balanced(190);
  c.homes[1].heat_pump_w = 9'000;
  c.step();
  c.result.voltage_v[3] = balanced(phase_v);
  c.run(295);
  CHECK(c.figures.supplies()[1].ten_minutes_inside == 1);
  CHECK(c.figures.supplies()[1].minutes_outside == doctest::Approx(5.0 / 60));
  REQUIRE(c.figures.events().size() == 1);
  CHECK(c.figures.events()[0].kind == GridEventKind::low_voltage);
  CHECK(c.figures.events()[0].cause == GridCause::heat_pumps);
  CHECK(c.figures.events()[0].depth == doctest::Approx(190.0 / 230));
}

TEST_CASE("feed-in that is stronger than use is the cause of high voltage") {
  FigureCase c;
  c.result.voltage_v[2] = balanced(256);
  c.homes[0].pv_w = 9'000;
  c.step();
  CHECK(c.figures.events()[0].kind == GridEventKind::high_voltage);
  CHECK(c.figures.events()[0].cause == GridCause::feed_in);
  c.homes[0] = {2, 300, 0, -5'000, 0, 0};
  c.result.voltage_v[2] = balanced(257);
  c.step();
  CHECK(c.figures.events()[0].cause == GridCause::batteries);
}

TEST_CASE("unbalance is the share of negative sequence") {
  FigureCase c;
  const double part = 0.03;
  const Phases positive = balanced(phase_v);
  for (std::size_t p = 0; p < 3; ++p)
    c.result.voltage_v[2][p] = positive[p] + part * positive[(3 - p) % 3];
  c.run(600);
  CHECK(c.figures.totals().max_unbalance == doctest::Approx(part));
  CHECK(c.figures.supplies()[0].balanced_ten_minutes == 0);
  REQUIRE(c.figures.events().size() == 1);
  CHECK(c.figures.events()[0].kind == GridEventKind::unbalance);
}

TEST_CASE("tap changes are the steps that regulators move, after the first power flow") {
  FigureCase c;
  c.net.tap_controls.resize(2);
  const auto step = [&](double first, double second, bool converged = true) {
    c.result.tap = {first, second};
    c.result.converged = converged;
    c.now = c.now + ledger::seconds(5);
    c.figures.add(c.now, ledger::seconds(5), c.result, c.homes);
    return c.figures.totals().tap_changes;
  };
  CHECK(step(1.05, 1.0) == 0);  // where the run finds them
  CHECK(step(1.05, 1.0) == 0);
  CHECK(step(1.0375, 1.00625) == 3);
  CHECK(step(1.1, 0.9, false) == 3);  // no picture, no taps
  CHECK(step(1.0375, 1.0) == 4);
}

TEST_CASE("steps without a solution are events and count for nothing else") {
  FigureCase c;
  c.step();
  c.result.converged = false;
  c.result.worst_bus = 3;
  c.result.loading[0] = 9;
  c.step();
  CHECK(c.figures.totals().not_converged == 1);
  CHECK(c.figures.totals().max_loading == 0.5);
  REQUIRE(c.figures.events().size() == 1);
  CHECK(c.figures.element_name(c.figures.events()[0]) == "right");
}
