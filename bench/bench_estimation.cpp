// State estimation: one estimate with its statistics, each from the network without load, of the
// generated village, of the European LV feeder where ../shared/data has it, and of made-up streets
// like it; and the parts of it. us_bus: microseconds a bus.

#include <benchmark/benchmark.h>
#include <cmath>
#include <fstream>
#include <sstream>

#include "ledger/base/rng.hpp"
#include "twin/grid/estimation/state_estimation.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/model/feeder_generator.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace {

using namespace twin;

// Like the European LV feeder: a transformer, then short pieces of cable, a home at every 16th bus.
Network street(std::uint32_t buses) {
  Network net = generate_feeder({1, 1, 25, 630}, ledger::Rng(1));
  net.connections.clear();
  ledger::Rng rng(buses);
  while (net.buses.size() < buses) {
    const auto n = static_cast<std::uint32_t>(net.buses.size());
    net.buses.push_back({"b" + std::to_string(n), net.buses[1].nominal_v, 0, 0, n});
    Line line;
    line.from = n < 6 ? 1 : n - 1 - static_cast<std::uint32_t>(rng.below(3));
    line.to = n;
    const Complex z1 = rng.uniform(0.5, 1.5) * 906 / buses * Complex(1e-3, 3e-4);
    line.z = from_sequence(z1, 3.0 * z1);
    net.lines.push_back(line);
    if (n % 16 != 0) continue;
    Connection c;
    c.name = "home-" + std::to_string(n);
    c.bus = n;
    c.phases = static_cast<PhaseMask>(1u << rng.below(3));
    net.connections.push_back(c);
  }
  return net;
}

// All that meters and assumptions say of a state, with noise.
std::vector<Measurement> measured(const Network& net) {
  ledger::Rng rng(1);
  std::vector<Phases> draws(net.connections.size());
  for (Phases& draw : draws)
    for (Complex& s : draw)
      s = rng.uniform(0, 55'000.0 / net.connections.size()) * Complex(1, 0.33);
  PowerFlow flow(net);
  const PowerFlowResult& truth = flow.solve(draws);
  std::vector<Measurement> out;
  const auto add = [&](Quantity q, std::uint32_t element, double value, double sigma) {
    out.push_back({q, element, value + sigma * rng.normal(), sigma});
  };
  for (std::uint32_t c = 0; c < net.connections.size(); ++c) {
    const Connection& connection = net.connections[c];
    Complex sum;
    double volts = 0, legs = 0;
    for (unsigned p = 0; p < 3; ++p) {
      sum += truth.drawn_va[c][p];
      if (connection.phases >> p & 1) volts += std::abs(truth.voltage_v[connection.bus][p]), ++legs;
    }
    add(Quantity::active_power, c, sum.real(), 10);
    add(Quantity::reactive_power, c, sum.imag(), 100);
    add(Quantity::voltage, c, volts / legs, 0.7);
    if (connection.phases != all_phases) continue;
    out.push_back({Quantity::active_shares, c, 0, 500});
    out.push_back({Quantity::reactive_shares, c, 0, 200});
  }
  const auto head = static_cast<std::uint32_t>(net.lines.size());
  add(Quantity::active_flow, head, truth.source_va.real(), 100);
  return out;
}

void estimate(benchmark::State& state, const Network& net) {
  const std::vector<Measurement> measurements = measured(net);
  StateEstimator estimator(net);
  int iterations = 0;
  for (auto _ : state) {
    const auto result = estimator.estimate(measurements);
    if (!result) return state.SkipWithError(result.error().c_str());
    if (!result->converged) return state.SkipWithError("not converged");
    iterations = result->iterations;
  }
  state.counters["iterations"] = iterations;
  state.counters["measurements"] = static_cast<double>(measurements.size());
  state.counters["us_bus"] = benchmark::Counter(
      static_cast<double>(net.buses.size()) * 1e-6,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void estimate_street(benchmark::State& state) {
  estimate(state, street(static_cast<std::uint32_t>(state.range(0))));
}
BENCHMARK(estimate_street)
    ->ArgName("buses")
    ->Unit(benchmark::kMillisecond)
    ->Arg(100)
    ->Arg(906)
    ->Arg(10000);

void estimate_european_lv(benchmark::State& state) {
  const LoadFile load = [](const std::string& name) -> tl::expected<std::string, std::string> {
    std::ifstream in("../shared/data/ieee-feeders/opendss/LVTestCase/" + name);
    if (!in) return tl::unexpected(name);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  };
  const auto net = read_grid("Master.dss", load);
  if (!net) return state.SkipWithError("../shared/data is not there");
  estimate(state, *net);
}
BENCHMARK(estimate_european_lv)->Unit(benchmark::kMillisecond);

void estimate_village(benchmark::State& state) {
  const auto homes = static_cast<std::uint32_t>(state.range(0));
  estimate(state, generate_feeder({homes, 4, 25, 4.0 * homes}, ledger::Rng(1)));
}
BENCHMARK(estimate_village)->ArgName("homes")->Unit(benchmark::kMillisecond)->Arg(40)->Arg(200);

// The augmented matrix's two heavy steps on the street's pattern.
template <bool inverse>
void blocks_of_twelve(benchmark::State& state) {
  const CurrentEquations<3> equations(street(906));
  BlockMatrix<12> matrix(equations.pattern());
  for (auto& block : matrix.diagonal)
    for (std::size_t k = 0; k < 12; ++k) block[k * 12 + k] = k < 6 ? 1 : -1;
  BlockMatrix<12> factors = matrix, copy = matrix;
  factorise(factors);
  for (auto _ : state) {
    if constexpr (inverse) {
      symmetric_inverse(factors, copy);
    } else {
      copy = matrix;
      factorise(copy);
    }
    benchmark::DoNotOptimize(copy.diagonal.data());
  }
}
BENCHMARK(blocks_of_twelve<false>)->Name("factorise_906")->Unit(benchmark::kMillisecond);
BENCHMARK(blocks_of_twelve<true>)->Name("inverse_blocks_906")->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
