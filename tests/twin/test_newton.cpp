#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <numbers>

#include "tests/support/power_balance.hpp"
#include "tests/support/random_feeder.hpp"
#include "twin/grid/flow/newton.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/topology.hpp"
#include "twin/grid/model/two_port.hpp"

using namespace twin;

namespace {

constexpr double sqrt3 = std::numbers::sqrt3;
const Complex j(0, 1);

Bus bus(const std::string& name, double nominal_v) {
  Bus b;
  b.name = name;
  b.nominal_v = nominal_v;
  return b;
}

Line line(std::uint32_t from, std::uint32_t to, const PhaseMatrix& z) {
  Line l;
  l.name = "line";
  l.from = from;
  l.to = to;
  l.z = z;
  return l;
}

PhaseMatrix uncoupled(Complex z) { return from_sequence(z, z); }

// An ideal source of 230 V, a line of z per phase without coupling, one load.
Network two_buses(Complex z, Hookup hookup = Hookup::wye) {
  Network net;
  net.buses = {bus("source", 230), bus("end", 230)};
  net.sources.push_back({});
  net.lines.push_back(line(0, 1, uncoupled(z)));
  Connection c;
  c.name = "load";
  c.bus = 1;
  c.hookup = hookup;
  net.connections.push_back(c);
  return net;
}

using Draw = std::vector<Phases>;

// The size of the voltage behind z where a source of e_v feeds constant power s: from
// |V|^4 + (2 (RP + XQ) - E^2) |V|^2 + |z|^2 |S|^2 = 0, the upper of its two solutions.
double closed_form(double e_v, Complex z, Complex s) {
  const double a = e_v * e_v / 2 - (z.real() * s.real() + z.imag() * s.imag());
  return std::sqrt(a + std::sqrt(a * a - std::norm(z) * std::norm(s)));
}

double pu_apart(const Network& net, const std::vector<Phases>& a, const std::vector<Phases>& b) {
  double out = 0;
  for (std::size_t n = 0; n < a.size(); ++n)
    for (std::size_t p = 0; p < 3; ++p)
      out = std::max(out, std::abs(a[n][p] - b[n][p]) / net.buses[n].nominal_v);
  return out;
}

// WSCC 9-bus (P. M. Anderson, A. A. Fouad: Power System Control and Stability; MATPOWER's case9.m):
// r, x, b per unit of 100 MVA and 345 kV. Buses are numbered from 0.
Network nine_buses() {
  constexpr double z_base = 345e3 * 345e3 / 100e6;
  Network net;
  for (int b = 1; b <= 9; ++b) net.buses.push_back(bus(std::to_string(b), 345e3 / sqrt3));
  struct Branch {
    std::uint32_t from, to;
    double r, x, b;
  };
  for (const Branch& b : {Branch{1, 4, 0, 0.0576, 0}, Branch{4, 5, 0.017, 0.092, 0.158},
                          Branch{5, 6, 0.039, 0.17, 0.358}, Branch{3, 6, 0, 0.0586, 0},
                          Branch{6, 7, 0.0119, 0.1008, 0.209}, Branch{7, 8, 0.0085, 0.072, 0.149},
                          Branch{8, 2, 0, 0.0625, 0}, Branch{8, 9, 0.032, 0.161, 0.306},
                          Branch{9, 4, 0.01, 0.085, 0.176}}) {
    const Complex z = z_base * Complex(b.r, b.x);
    net.lines.push_back(line(b.from - 1, b.to - 1, from_sequence(z, 3.0 * z)));
    net.lines.back().shunt = uncoupled(j * b.b / z_base);
  }
  Source slack;
  slack.voltage_pu = 1.04;
  net.sources.push_back(slack);
  net.generators = {{1, 163e6, 1.025, "second", 2}, {2, 85e6, 1.025, "third", 3}};
  for (const std::uint32_t b : {5u, 7u, 9u}) {
    Connection c;
    c.name = "load";
    c.bus = b - 1;
    net.connections.push_back(c);
  }
  return net;
}

Draw balanced(std::initializer_list<Complex> totals_va) {
  Draw out;
  for (const Complex s : totals_va) out.push_back({s / 3.0, s / 3.0, s / 3.0});
  return out;
}

const Draw nine_bus_loads = balanced({{90e6, 30e6}, {100e6, 35e6}, {125e6, 50e6}});

// Power into a line at its `from` end, all phases.
Complex power_into(const Line& l, const std::vector<Phases>& v) {
  const TwoPort y = admittance(l);
  const Phases i = y.ff * v[l.from] + y.ft * v[l.to];
  Complex s;
  for (std::size_t p = 0; p < 3; ++p) s += v[l.from][p] * std::conj(i[p]);
  return s;
}

}  // namespace

TEST_CASE("newton: constant power behind an impedance, closed form, each phase its own load") {
  const Complex z(0.3, 0.2);
  Newton newton(two_buses(z));
  const Draw draw{{Complex(4000, 1000), Complex(-3000, 500), Complex(20000, -5000)}};
  const NewtonResult& r = newton.solve(draw);
  REQUIRE(r.converged);
  for (std::size_t p = 0; p < 3; ++p)
    CHECK(std::abs(r.voltage_v[1][p]) ==
          doctest::Approx(closed_form(230, z, draw[0][p])).epsilon(1e-10));
  CHECK(std::abs(r.voltage_v[0][1] - std::polar(230.0, -2 * std::numbers::pi / 3)) < 1e-9);
}

TEST_CASE("newton: constant power between two phases, closed form") {
  // The loop through both wires: sqrt(3) E behind 2 z.
  const Complex z(0.3, 0.2), s(9000, 3000);
  Newton newton(two_buses(z, Hookup::delta));
  const NewtonResult& r = newton.solve(Draw{{0, s, 0}});
  REQUIRE(r.converged);
  CHECK(std::abs(r.voltage_v[1][1] - r.voltage_v[1][2]) ==
        doctest::Approx(closed_form(230 * sqrt3, 2.0 * z, s)).epsilon(1e-10));
  CHECK(std::abs(r.voltage_v[1][0]) == doctest::Approx(230).epsilon(1e-12));
}

TEST_CASE("newton: constant impedance is a voltage divider") {
  const Complex z(0.3, 0.2), s(6000, 2000);
  Network net = two_buses(z);
  net.connections[0].model.p_shares = net.connections[0].model.q_shares = {0, 0, 1};
  const Complex load = 230.0 * 230.0 / std::conj(s);
  Newton newton(net);
  const NewtonResult& r = newton.solve(Draw{{s, 0, 0}});
  REQUIRE(r.converged);
  CHECK(std::abs(r.voltage_v[1][0] - 230.0 * load / (load + z)) < 1e-8);
}

TEST_CASE("newton: constant current keeps its size, and its angle to the voltage") {
  const Complex z(0.3, 0.2), s(6000, 2000);
  Network net = two_buses(z);
  net.connections[0].model.p_shares = net.connections[0].model.q_shares = {0, 1, 0};
  Newton newton(net);
  const NewtonResult& r = newton.solve(Draw{{s, s, s}});
  REQUIRE(r.converged);
  for (std::size_t p = 0; p < 3; ++p) {
    const Complex i = (r.voltage_v[0][p] - r.voltage_v[1][p]) / z;
    CHECK(std::abs(i) == doctest::Approx(std::abs(s) / 230).epsilon(1e-9));
    CHECK(std::arg(r.voltage_v[1][p] / i) == doctest::Approx(std::arg(s)).epsilon(1e-9));
  }
}

TEST_CASE("newton: below its limit a load is the impedance that it has there") {
  const Complex z(1, 1), s(14000, 0);
  Network net = two_buses(z);
  net.connections[0].model.min_pu = 0.9;
  const Complex load = 230.0 * 230.0 * 0.9 * 0.9 / std::conj(s);
  Newton newton(net);
  const NewtonResult& r = newton.solve(Draw{{s, 0, 0}});
  REQUIRE(r.converged);
  const Complex expected = 230.0 * load / (load + z);
  REQUIRE(std::abs(expected) < 0.9 * 230);
  CHECK(std::abs(r.voltage_v[1][0] - expected) < 1e-8);
}

TEST_CASE("newton: above its limit likewise") {
  Network net = two_buses({0.1, 0.1});
  net.sources[0].voltage_pu = 1.2;
  net.connections[0].model.max_pu = 1.1;
  const Complex s(10000, 1000), load = 230.0 * 230.0 * 1.21 / std::conj(s);
  Newton newton(net);
  const NewtonResult& r = newton.solve(Draw{{0, 0, s}});
  REQUIRE(r.converged);
  CHECK(std::abs(r.voltage_v[1][2]) ==
        doctest::Approx(std::abs(276.0 * load / (load + Complex(0.1, 0.1)))).epsilon(1e-10));
}

TEST_CASE("newton: up to the most that a line can carry, and no further") {
  // With z = R and no reactive power the most is E^2 / 4 R.
  const double most = 230.0 * 230.0 / 4;
  Newton newton(two_buses({1, 0}));
  for (const double share : {0.9, 0.99, 0.999}) {
    CAPTURE(share);
    const Complex s = share * most;
    const NewtonResult& r = newton.solve(Draw{{s, s, s}});
    REQUIRE(r.converged);
    CHECK(std::abs(r.voltage_v[1][0]) ==
          doctest::Approx(closed_form(230, {1, 0}, s)).epsilon(1e-7));
  }
  for (const double share : {1.001, 1.1, 3.0, 1e6}) {
    CAPTURE(share);
    const Complex s = share * most;
    const NewtonResult& r = newton.solve(Draw{{s, 0, 0}});
    CHECK_FALSE(r.converged);
    CHECK(r.worst_bus == 1);
    CHECK(r.worst_mismatch_pu > 1e-6);
  }
  const NewtonResult& again = newton.solve(Draw{{1000, 0, 0}});
  CHECK(again.converged);
  CHECK(std::abs(again.voltage_v[1][0]) == doctest::Approx(closed_form(230, {1, 0}, 1000)));
}

TEST_CASE("newton: what is no number does not converge, and harms no later step") {
  Newton newton(two_buses({0.3, 0.2}));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  for (const Complex s :
       {Complex(nan, 0), Complex(0, nan), Complex(inf, 0), Complex(1e308, 1e308)}) {
    const NewtonResult& r = newton.solve(Draw{{s, 0, 0}});
    CHECK_FALSE(r.converged);
    CHECK_FALSE(r.worst_mismatch_pu < 1e-6);
  }
  CHECK(newton.solve(Draw{{1000, 0, 0}}).converged);
}

TEST_CASE("newton: agrees with a dense fixed point on small random feeders") {
  double lowest = 1;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const auto buses = static_cast<std::uint32_t>(2 + seed % 24);
    const auto feeder = test::random_feeder(seed, {buses, static_cast<std::uint32_t>(seed % 3)});
    Newton newton(feeder.network);
    const NewtonResult& r = newton.solve(feeder.draw_va);
    REQUIRE(r.converged);
    const auto dense = test::dense_power_flow(feeder.network, feeder.draw_va);
    CHECK(pu_apart(feeder.network, r.voltage_v, dense) < 1e-8);
    for (std::size_t b = 0; b < dense.size(); ++b)
      for (const Complex& v : dense[b])
        if (v != Complex{})
          lowest = std::min(lowest, std::abs(v) / feeder.network.buses[b].nominal_v);
  }
  CHECK(lowest < 0.95);  // the feeders are loaded
}

TEST_CASE("newton: power balances at every bus of random feeders") {
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    const auto size = test::random_feeder_size(seed);
    CAPTURE(seed);
    CAPTURE(size.buses);
    CAPTURE(size.loops);
    const auto feeder = test::random_feeder(seed, size);
    Newton newton(feeder.network);
    const NewtonResult& r = newton.solve(feeder.draw_va);
    REQUIRE(r.converged);
    const auto balance = test::power_balance(feeder.network, feeder.draw_va, r.voltage_v);
    CAPTURE(balance.bus);
    CHECK(balance.worst < 1e-6);
  }
}

TEST_CASE("newton: nine buses with two generators as MATPOWER has them") {
  // lib/t/pretty-printing of MATPOWER, three decimals.
  constexpr std::array<double, 9> size{1.040, 1.025, 1.025, 1.026, 1.013,
                                       1.032, 1.016, 1.026, 0.996};
  constexpr std::array<double, 9> angle{0,     9.280, 4.665, -2.217, -3.687,
                                        1.967, 0.728, 3.720, -3.989};
  const Network net = nine_buses();
  for (const int phases : {1, 3}) {
    CAPTURE(phases);
    Newton newton(net, {.phases = phases});
    const NewtonResult& r = newton.solve(nine_bus_loads);
    REQUIRE(r.converged);
    for (std::size_t b = 0; b < 9; ++b) {
      CAPTURE(b);
      CHECK(std::abs(r.voltage_v[b][0]) * sqrt3 / 345e3 ==
            doctest::Approx(size[b]).epsilon(5.01e-4));
      CHECK(std::abs(std::arg(r.voltage_v[b][0]) * 180 / std::numbers::pi - angle[b]) < 5.01e-4);
    }
    const Complex slack = power_into(net.lines[0], r.voltage_v) / 1e6;
    CHECK(std::abs(slack.real() - 71.64) < 0.00501);
    CHECK(std::abs(slack.imag() - 27.05) < 0.00501);
    const Complex third = power_into(net.lines[3], r.voltage_v) / 1e6;
    CHECK(std::abs(third.real() - 85) < 1e-5);
    CHECK(std::abs(third.imag() + 10.86) < 0.00501);
    CHECK(test::power_balance(net, nine_bus_loads, r.voltage_v).worst < 1e-9);
  }
}

TEST_CASE("newton: a generator that cannot deliver its power does not converge") {
  Network net = nine_buses();
  net.generators[0].power_w = 3000e6;
  for (const int phases : {1, 3})
    CHECK_FALSE(Newton(net, {.phases = phases}).solve(nine_bus_loads).converged);
}

TEST_CASE("newton: one phase stands for three where all is balanced") {
  Network net = two_buses({0.05, 0.04});
  net.buses.push_back(bus("far", 230));
  net.buses[0].nominal_v = 20000 / sqrt3;
  Transformer t;
  t.name = "transformer";
  t.from = 0;
  t.to = 1;
  t.coils = coils_of(Winding::delta, Winding::wye_grounded, 5);
  t.from_coil_v = coil_voltage(Winding::delta, 20000);
  t.to_coil_v = coil_voltage(Winding::wye_grounded, 400);
  t.rated_va = 250e3;
  t.z = {0.006, 0.025};
  net.transformers.push_back(t);
  net.lines[0] = line(1, 2, from_sequence({0.05, 0.04}, {0.2, 0.1}));
  net.sources[0].z = from_sequence({0.1, 1}, {0.2, 1.5});
  net.connections[0].bus = 2;
  net.connections[0].model = {0.9, 1.1, {0.5, 0.2, 0.3}, {0.1, 0.4, 0.5}};
  net.connections.push_back(net.connections[0]);
  net.connections[1].hookup = Hookup::delta;
  const Draw draw = balanced({{50e3, 10e3}, {20e3, 10e3}});
  Newton one(net, {.phases = 1}), three(net);
  const NewtonResult &r1 = one.solve(draw), &r3 = three.solve(draw);
  REQUIRE(r1.converged);
  REQUIRE(r3.converged);
  CHECK(pu_apart(net, r1.voltage_v, r3.voltage_v) < 1e-9);
  CHECK(std::abs(r3.voltage_v[2][0]) < 0.97 * 231);
}

TEST_CASE("newton: two sources share by their impedances") {
  Network net = two_buses({1, 0});
  net.sources[0].z = uncoupled({0, 0.5});
  net.sources.push_back({1, 1.1, 10, uncoupled({0.5, 0}), "second", 2});
  const Complex e1 = 230, e2 = std::polar(253.0, 10 * std::numbers::pi / 180);
  const Complex y1 = 1.0 / Complex(1, 0.5), y2 = 2;
  for (const int phases : {1, 3}) {
    Newton newton(net, {.phases = phases});
    const NewtonResult& r = newton.solve(Draw{{}});
    REQUIRE(r.converged);
    CHECK(std::abs(r.voltage_v[1][0] - (e1 * y1 + e2 * y2) / (y1 + y2)) < 1e-9);
  }
}

TEST_CASE("newton: a dead bus has no voltage and its load draws nothing") {
  Network net = two_buses({0.3, 0.2});
  net.lines[0].to_closed = false;
  for (const int phases : {1, 3}) {
    Newton newton(net, {.phases = phases});
    const NewtonResult& r = newton.solve(Draw{{5000, 5000, 5000}});
    REQUIRE(r.converged);
    for (std::size_t p = 0; p < 3; ++p) CHECK(r.voltage_v[1][p] == Complex{});
  }
}

TEST_CASE("newton: a load on one dead and one live phase draws nothing") {
  Network net = two_buses({0.3, 0.2}, Hookup::delta);
  net.lines.push_back(net.lines[0]);
  net.lines[0].phases = 0b011;
  for (std::size_t p = 0; p < 3; ++p) net.lines[0].z[p][2] = net.lines[0].z[2][p] = 0;
  net.lines[1].from_closed = false;
  Newton newton(net);
  const NewtonResult& r = newton.solve(Draw{{0, 5000, 5000}});
  REQUIRE(r.converged);
  CHECK(std::abs(r.voltage_v[1][0]) == doctest::Approx(230).epsilon(1e-12));
  CHECK(std::abs(r.voltage_v[1][1]) == doctest::Approx(230).epsilon(1e-12));
  CHECK(r.voltage_v[1][2] == Complex{});
}

TEST_CASE("newton: rows that only swapping across buses can solve") {
  // Coil and capacitor in series at bus 1: its own admittance is nothing, and it comes first.
  Network net;
  for (int b = 0; b < 5; ++b) net.buses.push_back(bus(std::to_string(b), 230));
  net.sources.push_back({});
  net.lines = {line(0, 1, uncoupled(0.1 * j)), line(1, 2, uncoupled(-0.1 * j))};
  for (const auto& [a, b] : {std::pair{0u, 2u}, {0u, 3u}, {0u, 4u}, {2u, 3u}, {2u, 4u}, {3u, 4u}})
    net.lines.push_back(line(a, b, uncoupled({0.1, 0.1})));
  Connection c;
  c.bus = 2;
  net.connections.push_back(c);
  Newton newton(net);
  const Draw draw{{5000, 4000, 3000}};
  const NewtonResult& r = newton.solve(draw);
  REQUIRE(r.converged);
  CHECK(test::power_balance(net, draw, r.voltage_v).worst < 1e-9);
  // The pair is a wire without impedance.
  CHECK(std::abs(r.voltage_v[2][0] - r.voltage_v[0][0]) < 1e-9);
}

TEST_CASE("newton: a tap that is set gives what a network built with it gives") {
  auto feeder = test::random_feeder(11, {60, 2});
  Network& net = feeder.network;
  REQUIRE_FALSE(net.transformers.empty());
  Newton newton(net);
  const std::vector<Phases> before = newton.solve(feeder.draw_va).voltage_v;
  const std::size_t t = net.transformers.size() - 1;
  net.transformers[t].to_tap *= 1.05;
  newton.set_to_tap(t, net.transformers[t].to_tap);
  Newton built(net);
  const NewtonResult &changed = newton.solve(feeder.draw_va), &fresh = built.solve(feeder.draw_va);
  REQUIRE(changed.converged);
  CHECK(pu_apart(net, changed.voltage_v, fresh.voltage_v) < 1e-9);
  CHECK(pu_apart(net, changed.voltage_v, before) > 0.01);
}

TEST_CASE("newton: from the last solution it needs one look, and gives the same from anywhere") {
  const auto feeder = test::random_feeder(5, {200, 3});
  Newton newton(feeder.network);
  const std::vector<Phases> first = newton.solve(feeder.draw_va).voltage_v;
  CHECK(newton.solve(feeder.draw_va).iterations == 1);
  Draw half = feeder.draw_va;
  for (Phases& s : half)
    for (Complex& leg : s) leg *= 0.5;
  REQUIRE(newton.solve(half).converged);
  const NewtonResult& back = newton.solve(feeder.draw_va);
  REQUIRE(back.converged);
  CHECK(pu_apart(feeder.network, back.voltage_v, first) < 1e-9);
}

TEST_CASE("newton: what is wrong with a network is said before it is built") {
  const auto problem = [](auto&& change) {
    Network net = nine_buses();
    change(net);
    return Newton::check(net);
  };
  CHECK(problem([](Network&) {}).empty());
  CHECK(problem([](Network& n) { n.sources.clear(); }) != "");
  CHECK(problem([](Network& n) { n.lines[3].to = 99; }) != "");
  CHECK(problem([](Network& n) { n.lines[3].z = {}; }) != "");
  CHECK(problem([](Network& n) { n.buses[4].nominal_v = 0; }) != "");
  CHECK(problem([](Network& n) { n.sources[0].z[0][0] = 1; }) ==
        "the impedance of the source at bus \"1\" is singular");
  CHECK(problem([](Network& n) {
          n.sources.push_back(n.sources[0]);
          n.sources[1].angle_deg = 1;
        }) == "two ideal sources at bus \"1\" differ in voltage");
  CHECK(problem([](Network& n) { n.sources.push_back(n.sources[0]); }).empty());
  CHECK(problem([](Network& n) {
          n.generators.push_back(n.generators[0]);
          n.generators[2].voltage_pu = 1;
        }) == "generator \"second\" holds another voltage than the one beside it at bus \"2\"");
}
