#include <cmath>
#include <doctest/doctest.h>
#include <numbers>

#include "ledger/base/rng.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/model/feeder_generator.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

using namespace twin;

namespace {

constexpr double phase_v = 230;

// A source, one line, one load on all phases.
Network two_buses(Complex z1, Complex z0) {
  Network net;
  net.buses = {{"source", phase_v, 0, 0}, {"load", phase_v, 1, 0}};
  Line line;
  line.name = "line";
  line.from = 0;
  line.to = 1;
  line.z = from_sequence(z1, z0);
  line.rated_a = 100;
  net.lines = {line};
  net.sources.resize(1);
  Connection c;
  c.name = "home";
  c.bus = 1;
  net.connections = {c};
  return net;
}

Transformer transformer(int clock, double tap = 1) {
  Transformer t;
  t.name = "t";
  t.from = 0;
  t.to = 1;
  const Winding from = clock % 2 == 1 ? Winding::delta : Winding::wye_grounded;
  t.coils = coils_of(from, Winding::wye_grounded, clock);
  t.from_coil_v = coil_voltage(from, 10'000);
  t.to_coil_v = coil_voltage(Winding::wye_grounded, 400);
  t.rated_va = 100'000;
  t.z = 400.0 * 400 / t.rated_va * Complex(0.01, 0.04);
  t.from_tap = tap;
  return t;
}

Network one_transformer(const Transformer& t) {
  Network net;
  net.buses = {{"mv", 10'000 / std::numbers::sqrt3, 0, 0}, {"lv", 400 / std::numbers::sqrt3, 0, 0}};
  net.transformers = {t};
  net.sources.resize(1);
  Connection c;
  c.name = "home";
  c.bus = 1;
  net.connections = {c};
  return net;
}

double degrees(Complex v) { return std::arg(v) * 180 / std::numbers::pi; }

double losses(const PowerFlowResult& r) {
  double sum = 0;
  for (const double w : r.losses_w) sum += w;
  return sum;
}

// A tree of random lines with loads anywhere.
Network random_tree(ledger::Rng& rng, std::uint32_t buses) {
  Network net;
  net.sources.resize(1);
  net.buses.push_back({"0", phase_v, 0, 0});
  for (std::uint32_t b = 1; b < buses; ++b) {
    net.buses.push_back({std::to_string(b), phase_v, 0, 0});
    Line line;
    line.name = "l" + std::to_string(b);
    line.from = static_cast<std::uint32_t>(rng.below(b));
    line.to = b;
    if (rng.chance(0.3)) std::swap(line.from, line.to);  // written against the feeding
    const Complex z1{rng.uniform(1e-4, 5e-3), rng.uniform(1e-5, 2e-3)};
    line.z = from_sequence(z1, 3.5 * z1);
    if (rng.chance(0.3)) line.shunt = from_sequence({1e-6, 1e-5}, {1e-6, 5e-6});
    net.lines.push_back(line);
    if (!rng.chance(0.5)) continue;
    Connection c;
    c.name = "c" + std::to_string(b);
    c.bus = b;
    c.phases = static_cast<std::uint8_t>(1 + rng.below(7));
    net.connections.push_back(c);
  }
  if (net.connections.empty()) {
    Connection c;
    c.bus = buses - 1;
    net.connections.push_back(c);
  }
  return net;
}

}  // namespace

TEST_CASE("two buses by hand: the quadratic of a balanced constant-power load") {
  const Complex z{0.1, 0.05};
  PowerFlow flow(two_buses(z, z));
  const Complex s{3000, 1000};  // a phase
  const PowerFlowResult& r = flow.solve(std::vector<Phases>{{s, s, s}});
  REQUIRE(r.converged);
  // |V|^4 - (E^2 - 2 (P R + Q X)) |V|^2 + |S|^2 |Z|^2 = 0
  const double b = phase_v * phase_v - 2 * (s.real() * z.real() + s.imag() * z.imag());
  const double c = std::norm(s) * std::norm(z);
  const double v = std::sqrt((b + std::sqrt(b * b - 4 * c)) / 2);
  for (const Complex& u : r.voltage_v[1]) CHECK(std::abs(u) == doctest::Approx(v).epsilon(1e-9));
  CHECK(degrees(r.voltage_v[1][1]) - degrees(r.voltage_v[1][0]) == doctest::Approx(-120));
  const double i2 = std::norm(s) / (v * v);
  CHECK(r.losses_w[0] == doctest::Approx(3 * i2 * z.real()).epsilon(1e-7));
  CHECK(r.loading[0] == doctest::Approx(std::sqrt(i2) / 100).epsilon(1e-7));
  CHECK(r.source_va.real() == doctest::Approx(9000 + 3 * i2 * z.real()).epsilon(1e-7));
}

TEST_CASE("one phase's load lifts the others through the neutral's impedance") {
  const Complex z1{0.1, 0.03};
  PowerFlow flow(two_buses(z1, 4.0 * z1));
  const PowerFlowResult& r = flow.solve(std::vector<Phases>{{Complex{4000, 0}, 0, 0}});
  CHECK(std::abs(r.voltage_v[1][0]) < 227);
  CHECK(std::abs(r.voltage_v[1][1]) > 230);
}

TEST_CASE("a transformer turns and scales by its clock and tap") {
  for (const auto& [clock, turn] : {std::pair{11, 30.0},
                                    {1, -30.0},
                                    {5, -150.0},
                                    {7, 150.0},
                                    {3, -90.0},
                                    {9, 90.0},
                                    {0, 0.0},
                                    {6, 180.0}}) {
    CAPTURE(clock);
    PowerFlow flow(one_transformer(transformer(clock)));
    const PowerFlowResult& r = flow.solve(std::vector<Phases>{{}});
    CHECK(std::abs(r.voltage_v[1][0]) == doctest::Approx(400 / std::numbers::sqrt3).epsilon(1e-6));
    const double apart = degrees(r.voltage_v[1][0]) - turn;
    CHECK(std::abs(std::remainder(apart, 360.0)) < 1e-6);
  }
  PowerFlow raised(one_transformer(transformer(5, 1.05)));
  CHECK(std::abs(raised.solve(std::vector<Phases>{{}}).voltage_v[1][2]) ==
        doctest::Approx(400 / std::numbers::sqrt3 / 1.05).epsilon(1e-6));
}

TEST_CASE("a delta keeps zero sequence out of the upper grid, and power passes it whole") {
  PowerFlow flow(one_transformer(transformer(5)), {1e-11});
  const PowerFlowResult& r = flow.solve(std::vector<Phases>{{Complex{5000, 2000}, 0, 0}});
  Complex sum;
  for (const Complex& i : r.current_a[0]) sum += i;
  CHECK(std::abs(sum) < 1e-9);
  CHECK(r.source_va.real() == doctest::Approx(r.load_va.real() + losses(r)).epsilon(1e-9));
}

TEST_CASE("loads turn into constant impedance outside their voltage limits, continuously") {
  Network net = two_buses({0.01, 0}, {0.01, 0});
  net.connections[0].model.min_pu = 0.95;
  net.connections[0].model.max_pu = 1.05;
  net.sources[0].voltage_pu = 1.2;
  const Complex s{1000, 0};
  const PowerFlowResult high = PowerFlow(net).solve(std::vector<Phases>{{s, s, s}});
  const double u = std::abs(high.voltage_v[1][0]) / phase_v;
  CHECK(high.load_va.real() == doctest::Approx(3000 * u * u / (1.05 * 1.05)).epsilon(1e-6));
  net.sources[0].voltage_pu = 1.0;
  const PowerFlowResult inside = PowerFlow(net).solve(std::vector<Phases>{{s, s, s}});
  CHECK(inside.load_va.real() == doctest::Approx(3000).epsilon(1e-7));
}

TEST_CASE("power balance closes on random trees, with losses summed from branches") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    ledger::Rng rng(seed);
    const Network net = random_tree(rng, 2 + static_cast<std::uint32_t>(rng.below(120)));
    REQUIRE(PowerFlow::check(net) == "");
    PowerFlow flow(net, {1e-11});
    std::vector<Phases> draw(net.connections.size());
    for (Phases& d : draw)
      for (Complex& s : d) s = {rng.uniform(-400, 500), rng.uniform(-100, 150)};
    const PowerFlowResult& r = flow.solve(draw);
    REQUIRE(r.converged);
    const double scale = std::abs(r.load_va.real()) + std::abs(r.source_va.real()) + losses(r);
    CHECK(std::abs(r.source_va.real() - r.load_va.real() - losses(r)) < 1e-9 * scale);
    // A merged bus obeys Ohm's law on its own lines.
    for (std::size_t l = 0; l < net.lines.size(); ++l) {
      const Line& line = net.lines[l];
      const Phases charging = (0.5 * line.shunt) * r.voltage_v[line.from];
      Complex drop = 0;
      for (std::size_t q = 0; q < 3; ++q) drop += line.z[0][q] * (r.current_a[l][q] - charging[q]);
      const double apart = std::abs(r.voltage_v[line.from][0] - r.voltage_v[line.to][0]);
      CHECK(apart == doctest::Approx(std::abs(drop)).epsilon(1e-6));
    }
  }
}

TEST_CASE("a warm start needs no more iterations and gives the same voltages") {
  const Network net = generate_feeder({}, ledger::Rng(1));
  std::vector<Phases> draw(net.connections.size(), Phases{Complex{1500, 300}, 900, -2000});
  PowerFlow warm(net), cold(net);
  const int first = warm.solve(draw).iterations;
  for (Phases& d : draw) d[0] += 20;
  const PowerFlowResult again = warm.solve(draw);
  const PowerFlowResult fresh = cold.solve(draw);
  CHECK(again.iterations < first);
  for (std::size_t b = 0; b < net.buses.size(); ++b)
    CHECK(std::abs(again.voltage_v[b][0] - fresh.voltage_v[b][0]) < 1e-5);
}

TEST_CASE("what cannot be solved is a value with its worst bus, and the last good picture stays") {
  PowerFlow flow(two_buses({1, 1}, {1, 1}));
  const Complex little{100, 0}, much{1e6, 0};
  REQUIRE(flow.solve(std::vector<Phases>{{little, little, little}}).converged);
  const double good = std::abs(flow.solve(std::vector<Phases>{{little, 0, 0}}).voltage_v[1][0]);
  const PowerFlowResult& r = flow.solve(std::vector<Phases>{{much, much, much}});
  CHECK_FALSE(r.converged);
  CHECK(r.worst_bus == 1);
  CHECK(std::abs(r.voltage_v[1][0]) == good);
  CHECK(flow.solve(std::vector<Phases>{{little, little, little}}).converged);
}

TEST_CASE("networks that cannot be are refused by name") {
  const auto broken = [](auto&& change) {
    Network net = two_buses({0.1, 0}, {0.1, 0});
    change(net);
    return PowerFlow::check(net);
  };
  CHECK(broken([](Network&) {}) == "");
  CHECK(broken([](Network& n) { n.buses.clear(); }) == "the network has no bus");
  CHECK(broken([](Network& n) { n.sources[0].bus = 9; }).find("source") != std::string::npos);
  CHECK(broken([](Network& n) { n.lines[0].to = 9; }).find("\"line\"") != std::string::npos);
  CHECK(broken([](Network& n) { n.lines[0].to = 0; }).find("\"load\" is not connected") !=
        std::string::npos);
  CHECK(broken([](Network& n) { n.lines[0].rated_a = -1; }).find("rating") != std::string::npos);
  CHECK(broken([](Network& n) { n.lines[0].z[0][0] = NAN; }).find("number") != std::string::npos);
  CHECK(broken([](Network& n) { n.buses[1].nominal_v = 0; }).find("\"load\"") != std::string::npos);
  CHECK(broken([](Network& n) { n.connections[0].bus = 7; }).find("\"home\"") != std::string::npos);
  CHECK(broken([](Network& n) { n.connections[0].phases = 0; }).find("no phase") !=
        std::string::npos);
  CHECK(broken([](Network& n) {
          n.buses.push_back({"island", 230, 0, 0});
        }).find("\"island\" is not connected") != std::string::npos);
}

TEST_CASE("a generated feeder holds, has its homes, and is a function of its seed") {
  for (const std::uint32_t homes : {1u, 2u, 7u, 40u, 200u}) {
    GeneratorSpec spec;
    spec.homes = homes;
    const Network net = generate_feeder(spec, ledger::Rng(3));
    CAPTURE(homes);
    CHECK(PowerFlow::check(net) == "");
    CHECK(net.connections.size() == homes);
    CHECK(net.connections.back().name == (homes < 10 ? "home-0" : "home-") + std::to_string(homes));
  }
  const auto x = [](std::uint64_t seed) {
    return generate_feeder({}, ledger::Rng(seed)).buses.back().x;
  };
  CHECK(x(1) == x(1));
  CHECK(x(1) != x(2));
}
