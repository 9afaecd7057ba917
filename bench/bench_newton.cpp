// Newton alone: three-phase and single-phase equivalent, trees of 33 to 10,000 buses, one with
// loops, from the unloaded network (cold, with the network built before) and from the solution of
// another case (warm); square meshes of up to 100,000 buses from nothing; and one factorisation of
// its matrix against Eigen's SparseLU. ns_node: nanoseconds a bus and case, to a tolerance of 1e-8;
// iterations: of the last case.

#include <benchmark/benchmark.h>
#include <cmath>

#include "ledger/base/rng.hpp"
#include "twin/grid/flow/current_equations.hpp"
#include "twin/grid/flow/newton.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace {

using namespace twin;

void add_line(Network& net, std::uint32_t from, std::uint32_t to, ledger::Rng& rng) {
  Line line;
  line.from = from;
  line.to = to;
  const Complex z1 = rng.uniform(0.5, 1.5) * Complex(2e-3, 8e-4);
  line.z = from_sequence(z1, 3.0 * z1);
  net.lines.push_back(line);
}

// Fed at the first bus, every other with loads; without lines.
Network buses_alone(std::uint32_t buses) {
  Network net;
  net.sources.resize(1);
  for (std::uint32_t b = 0; b < buses; ++b) {
    net.buses.push_back({"b" + std::to_string(b), 230, 0, 0, b});
    if (b == 0) continue;
    Connection c;
    c.bus = b;
    net.connections.push_back(c);
  }
  return net;
}

// A low-voltage tree of short streets; `loops` lines beside it.
Network made_up_network(std::uint32_t buses, std::uint32_t loops) {
  ledger::Rng rng(buses);
  Network net = buses_alone(buses);
  for (std::uint32_t b = 1; b < buses; ++b)
    add_line(net, b < 4 ? 0 : b - 1 - static_cast<std::uint32_t>(rng.below(4)), b, rng);
  for (std::uint32_t k = 0; k < loops; ++k) {
    const auto a = static_cast<std::uint32_t>(rng.below(buses - 1));
    add_line(net, a, a + 1 + static_cast<std::uint32_t>(rng.below(buses - 1 - a)), rng);
  }
  return net;
}

Network square_mesh(std::uint32_t side) {
  ledger::Rng rng(side);
  Network net = buses_alone(side * side);
  for (std::uint32_t b = 0; b < side * side; ++b) {
    if ((b + 1) % side != 0) add_line(net, b, b + 1, rng);
    if (b + side < side * side) add_line(net, b, b + side, rng);
  }
  return net;
}

std::vector<Phases> draws_of(const Network& net, double mean_w, std::uint64_t seed) {
  ledger::Rng rng(seed);
  std::vector<Phases> out(net.connections.size());
  for (Phases& draw : out)
    for (Complex& s : draw) s = rng.uniform(0, 2 * mean_w) * Complex(1, 0.3);
  return out;
}

// Doubles until the lowest voltage is 3 to 6 % below nominal.
double mean_w_for(const Network& net) {
  Newton newton(net);
  double mean_w = 0.01, least = 1;
  while (least > 0.97) {
    mean_w *= 1.6;
    for (const Phases& v : newton.solve(draws_of(net, mean_w, 1)).voltage_v)
      least = std::min(least, std::abs(v[0]) / 230);
  }
  return mean_w;
}

void report(benchmark::State& state, std::size_t buses, const NewtonResult& last) {
  if (!last.converged) state.SkipWithError("did not converge");
  state.counters["iterations"] = last.iterations;
  state.counters["ns_node"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(buses) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void cold(benchmark::State& state) {
  const auto buses = static_cast<std::uint32_t>(state.range(0));
  const Network net = made_up_network(buses, static_cast<std::uint32_t>(state.range(2)));
  const auto draws = draws_of(net, mean_w_for(net), 1);
  NewtonResult last;
  for (auto _ : state) {
    state.PauseTiming();
    Newton newton(net, {.phases = static_cast<int>(state.range(1))});
    state.ResumeTiming();
    last = newton.solve(draws);
  }
  report(state, buses, last);
}

void warm(benchmark::State& state) {
  const auto buses = static_cast<std::uint32_t>(state.range(0));
  const Network net = made_up_network(buses, static_cast<std::uint32_t>(state.range(2)));
  const double mean_w = mean_w_for(net);
  const std::array draws{draws_of(net, mean_w, 1), draws_of(net, mean_w, 2)};
  Newton newton(net, {.phases = static_cast<int>(state.range(1))});
  NewtonResult last = newton.solve(draws[1]);
  std::size_t k = 0;
  for (auto _ : state) last = newton.solve(draws[k++ % 2]);
  report(state, buses, last);
}

void cases(benchmark::internal::Benchmark* b) {
  b->ArgNames({"buses", "phases", "loops"})->Unit(benchmark::kMicrosecond);
  for (const int phases : {1, 3}) {
    for (const int buses : {33, 100, 906, 1804, 10000}) b->Args({buses, phases, 0});
    b->Args({1000, phases, 100});
  }
}
BENCHMARK(cold)->Apply(cases);
BENCHMARK(warm)->Apply(cases);

// From a network to its solution, the order of elimination found in it.
void mesh(benchmark::State& state) {
  const Network net = square_mesh(static_cast<std::uint32_t>(state.range(0)));
  const auto draws = draws_of(net, 0.1, 1);
  NewtonResult last;
  for (auto _ : state)
    last = Newton(net, {.phases = static_cast<int>(state.range(1))}).solve(draws);
  report(state, net.buses.size(), last);
}
BENCHMARK(mesh)
    ->ArgNames({"side", "phases"})
    ->Unit(benchmark::kMillisecond)
    ->Args({100, 1})
    ->Args({200, 1})
    ->Args({316, 1})
    ->Args({100, 3});

// One solve of the linear part: the same pattern as Newton's matrix.
template <bool pivoting>
void linear_solve(benchmark::State& state) {
  const CurrentEquations<3> equations(made_up_network(static_cast<std::uint32_t>(state.range(0)),
                                                      static_cast<std::uint32_t>(state.range(1))));
  for (auto _ : state) {
    BlockMatrix<6> matrix = equations.linear();
    std::vector<double> x = equations.injected();
    if constexpr (pivoting) {
      solve_with_pivoting(matrix, std::span<double>(x));
    } else {
      factorise(matrix);
      solve_factorised(matrix, std::span<double>(x));
    }
    benchmark::DoNotOptimize(x.data());
  }
}
void matrices(benchmark::internal::Benchmark* b) {
  b->ArgNames({"buses", "loops"})->Unit(benchmark::kMicrosecond);
  b->Args({10000, 0})->Args({1000, 100});
}
BENCHMARK(linear_solve<false>)->Name("factorise_by_blocks")->Apply(matrices);
BENCHMARK(linear_solve<true>)->Name("factorise_sparse_lu")->Apply(matrices);

}  // namespace

BENCHMARK_MAIN();
