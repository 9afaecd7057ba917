// Envelopes: what they promise is asked of the full power flow, corner by corner.

#include <cmath>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "tests/support/european_lv.hpp"
#include "twin/congestion/envelopes.hpp"
#include "twin/congestion/filling.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/topology.hpp"

using namespace twin;

namespace {

// By how much the worst element is beyond its limit, relative to it; negative where all are within.
double beyond(const Network& net, const GridLimits& limits, const PowerFlowResult& r) {
  double worst = -1;
  for (const double loading : r.loading) worst = std::max(worst, loading - limits.max_loading);
  for (const Connection& c : net.connections)
    for (unsigned p = 0; p < 3; ++p) {
      if (!(c.phases >> p & 1)) continue;
      const double pu = std::abs(leg_voltage(c, r.voltage_v[c.bus], p)) / leg_nominal_v(net, c);
      worst = std::max({worst, pu - limits.v_max_pu, limits.v_min_pu - pu});
    }
  return worst;
}

struct Asked {
  Network net;
  GridLimits limits;
  std::vector<Phases> base_va;
  std::vector<FlexibleHome> homes;
};

double beyond_at(const Asked& a, PowerFlow& flow, std::span<const double> net_w) {
  const auto& r = flow.solve(draws_with(a.net, a.base_va, a.homes, net_w));
  return r.converged ? beyond(a.net, a.limits, r) : 1;
}

// The worst of random corners, and of random points inside.
double worst_of_random(const Asked& a, std::span<const Envelope> box, int corners, int points) {
  PowerFlow flow(a.net);
  ledger::Rng rng(5);
  double worst = -1;
  for (int k = 0; k < corners + points; ++k) {
    std::vector<double> net_w;
    for (const Envelope& e : box)
      net_w.push_back(k >= corners      ? rng.uniform(-e.export_w, e.import_w)
                      : rng.chance(0.5) ? e.import_w
                                        : -e.export_w);
    worst = std::max(worst, beyond_at(a, flow, net_w));
  }
  return worst;
}

// One three-phase line below a stiff source; homes at its end.
Asked one_line(std::size_t homes, double rated_a) {
  Asked a;
  a.net.buses = {{"source", 230, 0, 0, 1}, {"end", 230, 0, 0, 2}};
  a.net.sources.resize(1);
  Line line;
  line.to = 1;
  line.z = from_sequence({0.01, 0.005}, {0.03, 0.01});
  line.rated_a = rated_a;
  a.net.lines.push_back(line);
  for (std::size_t h = 0; h < homes; ++h) {
    Connection c;
    c.bus = 1;
    a.net.connections.push_back(c);
    a.homes.push_back({static_cast<std::uint32_t>(h), 20000, 10000});
  }
  a.base_va.resize(homes);
  return a;
}

SlotEnvelopes allocate(const Asked& a) {
  EnvelopeModel model(a.net, a.limits);
  auto out = model.allocate(a.base_va, a.homes);
  REQUIRE(out.has_value());
  return *out;
}

Asked european_lv_asked(const Network& net, double source_pu) {
  Asked a;
  a.net = net;
  a.net.sources[0].voltage_pu = source_pu;
  for (Connection& c : a.net.connections) c.model.max_pu = 10;
  for (Line& l : a.net.lines) l.rated_a = 200;
  a.base_va = test::european_lv_draws(a.net, 566);
  for (std::uint32_t c = 0; c < a.net.connections.size(); ++c)
    if (c % 3 != 0) a.homes.push_back({c, 11000, 10000});
  return a;
}

}  // namespace

TEST_CASE("filling: equal shares until a row is full, and on beside it") {
  // Two rows: v0 and v1 share the first, v1 and v2 the second.
  const std::vector<FillingRow> rows{{{10, 10, 0}, 10, 0}, {{0, 10, 10}, 16, 0}};
  const auto share = fill(rows, 3, 1);
  CHECK(share[0] == doctest::Approx(0.5));
  CHECK(share[1] == doctest::Approx(0.5));
  CHECK(share[2] == doctest::Approx(1.0));
  CHECK(fill({}, 2, 1) == std::vector<double>{1, 1});
  CHECK(fill({}, 2, 0.5) == std::vector<double>{0.5, 0.5});
  const std::vector<FillingRow> full{{{1, 0}, -3, 0}};
  CHECK(fill(full, 2, 1) == std::vector<double>{0, 1});
}

TEST_CASE("homes at one line share what it carries, in proportion to what they ask for") {
  Asked a = one_line(2, 40);
  a.homes[1].import_w = 10000;
  const SlotEnvelopes e = allocate(a);
  CHECK(e.base_holds);
  CHECK(e.corners_hold);
  // 40 A at about 230 V in three phases: 27.6 kW for 30 kW of imports; the 20 kW of exports fit.
  CHECK(e.homes[0].import_w == doctest::Approx(2 * e.homes[1].import_w).epsilon(1e-3));
  CHECK(e.homes[0].import_w + e.homes[1].import_w < 27600);
  CHECK(e.homes[0].import_w + e.homes[1].import_w > 0.985 * 27600);
  CHECK(e.homes[0].export_w == 10000);
  CHECK(e.homes[1].export_w == 10000);
}

TEST_CASE("whoever would make a limit worse that is exceeded already gets nothing") {
  Asked a = one_line(3, 40);
  a.homes.pop_back();
  a.base_va[2] = {10000, 10000, 10000};  // 43 A
  const SlotEnvelopes e = allocate(a);
  CHECK_FALSE(e.base_holds);
  CHECK(e.corners_hold);
  for (const Envelope& home : e.homes) {
    CHECK(home.import_w == 0);
    CHECK(home.export_w == 10000);
  }
}

namespace {

// Cars at 40 A: 27.6 kW beside what is drawn anyway.
Asked cars(std::size_t homes, double import_w, double idle_w) {
  Asked a = one_line(homes, 40);
  for (FlexibleHome& home : a.homes) {
    home.import_w = import_w;
    home.export_w = 0;
    home.step = UseStep{idle_w, idle_w + 4140};
  }
  return a;
}

double import_of(const SlotEnvelopes& e) {
  double sum = 0;
  for (const Envelope& home : e.homes) sum += home.import_w;
  return sum;
}

}  // namespace

TEST_CASE("a step is taken wholly or not at all, home by home in the order given") {
  const SlotEnvelopes e = allocate(cars(8, 11000, 0));  // 8 x 4.14 kW do not fit, 6 do
  CHECK(e.corners_hold);
  for (std::size_t h = 0; h < 6; ++h) CHECK(e.homes[h].import_w >= 4140);
  CHECK(e.homes[6].import_w == 0);
  CHECK(e.homes[7].import_w == 0);
  // What is left beyond the steps is shared alike.
  CHECK(e.homes[0].import_w == doctest::Approx(e.homes[5].import_w).epsilon(1e-3));
  CHECK(import_of(e) > 0.98 * 27600);
  // Without steps each would have 3.4 kW.
  Asked alike = cars(8, 11000, 0);
  for (FlexibleHome& home : alike.homes) home.step.reset();
  CHECK(allocate(alike).homes[0].import_w == doctest::Approx(27600.0 / 8).epsilon(0.02));
}

TEST_CASE("what is idle comes before steps, of all homes; a later home may fit where one did not") {
  Asked a = cars(4, 12000, 5000);  // 20 kW idle, one step of 4.14 kW beside it
  SlotEnvelopes e = allocate(a);
  CHECK(e.homes[0].import_w >= 9140);
  for (std::size_t h = 1; h < 4; ++h) CHECK(e.homes[h].import_w == 5000);
  a.homes[0].step->least_w = 13000;  // 8 kW do not go
  a.homes[0].import_w = 14000;
  e = allocate(a);
  CHECK(e.homes[0].import_w == 5000);
  CHECK(e.homes[1].import_w >= 9140);
  a = cars(4, 13000, 8000);  // not even that
  e = allocate(a);
  for (const Envelope& home : e.homes)
    CHECK(home.import_w == doctest::Approx(27600.0 / 4).epsilon(0.02));
}

TEST_CASE("what is firm takes room, and so does what was measured beyond the model") {
  Asked a = one_line(3, 40);
  const double free_w = import_of(allocate(a));
  a.homes[1].firm_w = 9000;
  CHECK(import_of(allocate(a)) == doctest::Approx(free_w - 9000).epsilon(0.01));
  a.homes[1].firm_w = 0;
  EnvelopeModel model(a.net, a.limits);
  Unmodelled measured;
  measured.loading = {0.25};
  const auto less = model.allocate(a.base_va, a.homes, measured);
  REQUIRE(less);
  CHECK(import_of(*less) == doctest::Approx(0.75 * free_w).epsilon(0.01));
  measured.loading = {1.5};  // beyond the limit without them
  const auto none = model.allocate(a.base_va, a.homes, measured);
  REQUIRE(none);
  CHECK_FALSE(none->base_holds);
  CHECK(import_of(*none) == 0);
  // Of voltages likewise: 0.03 pu more than the model has, just below the upper limit.
  a = one_line(2, 4000);
  a.net.sources[0].voltage_pu = 1.05;
  for (FlexibleHome& home : a.homes) home.export_w = 1e6;
  measured = {{}, {0, 0}, {0.03, 0.03}};
  EnvelopeModel lifted(a.net, a.limits);
  const auto high = lifted.allocate(a.base_va, a.homes, measured),
             free = lifted.allocate(a.base_va, a.homes);
  REQUIRE(high);
  REQUIRE(free);
  CHECK(high->homes[0].export_w == doctest::Approx(0.4 * free->homes[0].export_w).epsilon(0.05));
  measured = {{}, {-0.1, -0.1}, {0, 0}};
  for (FlexibleHome& home : a.homes) home.import_w = 1e6;
  const auto low = lifted.allocate(a.base_va, a.homes, measured);
  const auto wide = lifted.allocate(a.base_va, a.homes);
  REQUIRE(low);
  REQUIRE(wide);
  CHECK(low->homes[0].import_w < 0.5 * wide->homes[0].import_w);
}

TEST_CASE("a base without a power flow is refused") {
  Asked a = one_line(2, 40);
  a.homes.pop_back();
  a.base_va[1] = {1e7, 1e7, 1e7};
  EnvelopeModel model(a.net, a.limits);
  const auto out = model.allocate(a.base_va, a.homes);
  REQUIRE_FALSE(out.has_value());
  CHECK(out.error().find("does not converge") != std::string::npos);
}

TEST_CASE("envelopes of European LV hold in random corners and inside") {
  const auto net = test::european_lv();
  if (!net) return;
  // As it is, 0.01 pu below the upper limit, and in the middle of the band.
  double source_pu = 0;
  SUBCASE("high") { source_pu = 1.05; }
  SUBCASE("middle") { source_pu = 0.98; }
  const Asked a = european_lv_asked(*net, source_pu);
  const SlotEnvelopes e = allocate(a);
  CHECK(e.corners_hold);
  CHECK(e.rounds <= 10);
  CHECK(worst_of_random(a, e.homes, 400, 100) <= 2e-7);
  // Half as large again they would not hold.
  std::vector<Envelope> larger = e.homes;
  for (Envelope& home : larger) home = {1.5 * home.import_w, 1.5 * home.export_w};
  CHECK(worst_of_random(a, larger, 400, 0) > 0);
  // They are no idle promise: what homes ask for exceeds limits both ways.
  PowerFlow flow(a.net);
  std::vector<double> most, least;
  double import_w = 0, export_w = 0;
  for (std::size_t h = 0; h < a.homes.size(); ++h) {
    most.push_back(a.homes[h].import_w);
    least.push_back(-a.homes[h].export_w);
    import_w += e.homes[h].import_w;
    export_w += e.homes[h].export_w;
  }
  CHECK(beyond_at(a, flow, most) > 0.01);
  CHECK(beyond_at(a, flow, least) > 0.01);
  MESSAGE(import_w, " W import, ", export_w, " W export, ", e.rounds, " rounds, ", e.power_flows,
          " power flows");
}
