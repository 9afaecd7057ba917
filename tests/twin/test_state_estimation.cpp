#include <cmath>
#include <cstdio>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/grid/feeder_generator.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/power_flow.hpp"
#include "twin/grid/state_estimation.hpp"

using namespace twin;
TEST_CASE("trial") {
  const std::string folder = "ieee-feeders/opendss/LVTestCase/";
  const LoadFile load = [&](const std::string& path) {
    return test::read_text(test::shared_path(folder + path));
  };
  auto net = *read_grid("Master.dss", load);
  std::vector<Phases> draws;
  for (Connection& c : net.connections) {
    c.model = {};
    Phases d{};
    for (unsigned p = 0; p < 3; ++p)
      if (c.phases >> p & 1) d[p] = c.profile_w[565] * Complex(1, 0.33);
    draws.push_back(d);
  }
  PowerFlow flow(net);
  const auto& truth = flow.solve(draws);
  std::vector<Measurement> ms;
  ledger::Rng rng(1);
  const auto add = [&](Quantity q, std::uint32_t e, double v, double s) {
    ms.push_back({q, e, v + s * rng.normal(), s});
  };
  Complex total;
  for (std::uint32_t c = 0; c < net.connections.size(); ++c) {
    Complex s;
    double least = 1e9;
    for (unsigned p = 0; p < 3; ++p) {
      s += truth.drawn_va[c][p];
      if (net.connections[c].phases >> p & 1)
        least = std::min(least, std::abs(truth.voltage_v[net.connections[c].bus][p]));
    }
    total += s;
    add(Quantity::active_power, c, s.real(), 5 + 0.006 * std::abs(s.real()));
    add(Quantity::reactive_power, c, s.imag(), 50 + 0.2 * std::abs(s.real()));
    add(Quantity::voltage, c, least, 0.7);
  }
  std::uint32_t trafo = net.lines.size();
  add(Quantity::active_flow, trafo, truth.source_va.real(), 100);
  add(Quantity::reactive_flow, trafo, truth.source_va.imag(), 300);
  StateEstimator est(net);
  const auto e = est.estimate(ms);
  REQUIRE_MESSAGE(e, (e ? "" : e.error()));
  std::printf("conv %d it %d obj %g dof %d losses %g source %g total %g bus %s step %g\n", e->converged, e->iterations,
              e->objective, e->degrees_of_freedom, e->losses_w, truth.source_va.real(), total.real(),
              net.buses[e->worst_bus].name.c_str(), e->worst_step_pu);
  for (std::size_t k = 0; k < 9 && e->converged; ++k)
    std::printf("%s %g %g red %g\n", describe(net, ms[k]).c_str(), e->residuals[k].value,
                e->residuals[k].normalised, e->residuals[k].redundancy);
  for (std::size_t k = ms.size() - 2; k < ms.size() && e->converged; ++k)
    std::printf("%s %g %g red %g\n", describe(net, ms[k]).c_str(), e->residuals[k].value,
                e->residuals[k].normalised, e->residuals[k].redundancy);
}
