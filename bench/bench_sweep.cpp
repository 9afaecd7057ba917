// The sweep alone: nodes and cases a second, three-phase and single-phase equivalent, from 33 to
// 10,000 nodes and from 1 to 10,000 cases side by side, by instruction set and threads; and the
// European LV feeder where ../shared/data has it. Every bus of the made-up feeders has a load, so
// that nothing can be merged. ns_node: nanoseconds a node and case, to a tolerance of 1e-8.

#include <benchmark/benchmark.h>
#include <cmath>
#include <fstream>
#include <sstream>

#include "hil/network/thread_pool.hpp"
#include "ledger/base/rng.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/flow/sweep.hpp"
#include "twin/grid/grid_reader.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace {

using namespace twin;

// A low-voltage tree of short streets: every bus loads all phases, worst drop near 5 %.
Network made_up_feeder(std::uint32_t buses) {
  ledger::Rng rng(buses);
  Network net;
  net.sources.resize(1);
  for (std::uint32_t b = 0; b < buses; ++b) {
    net.buses.push_back({"b" + std::to_string(b), 230, 0, 0});
    if (b == 0) continue;
    Line line;
    line.from = b < 4 ? 0 : b - 1 - static_cast<std::uint32_t>(rng.below(4));
    line.to = b;
    const Complex z1 = rng.uniform(0.5, 1.5) * Complex(2e-3, 8e-4);
    line.z = from_sequence(z1, 3.0 * z1);
    net.lines.push_back(line);
    Connection c;
    c.bus = b;
    net.connections.push_back(c);
  }
  return net;
}

// Draws of all connections, case by case, scaled so that the feeder's drop stays near 5 %.
std::vector<Phases> draws_of(const Network& net, std::size_t cases, double mean_w) {
  ledger::Rng rng(7);
  std::vector<Phases> out(cases * net.connections.size());
  for (Phases& draw : out)
    for (Complex& s : draw) s = rng.uniform(0, 2 * mean_w) * Complex(1, 0.3);
  return out;
}

double drop_pu(const Network& net, const SweepBlock& block) {
  double least = 1;
  for (std::uint32_t b = 0; b < net.buses.size(); ++b)
    least = std::min(least, std::abs(block.voltage_v(b, 0, 0)) / net.buses[b].nominal_v);
  return 1 - least;
}

double mean_w_for(const Network& net, const Topology& top) {
  double mean_w = 1e-4;  // the longest feeders carry hardly more
  for (int i = 0; i < 60; ++i) {
    Sweep sweep(net, top);
    const double drop = drop_pu(net, sweep.solve(draws_of(net, 1, mean_w)));
    if (drop > 0.04) break;
    mean_w *= drop < 0.01 ? 2 : 1.2;
  }
  return mean_w;
}

void report(benchmark::State& state, double nodes_solved, double iterations) {
  state.SetItemsProcessed(state.iterations());
  state.counters["ns_node"] =
      benchmark::Counter(nodes_solved * 1e-9, benchmark::Counter::kIsIterationInvariantRate |
                                                  benchmark::Counter::kInvert);
  state.counters["iterations"] = iterations;
}

// Arguments: buses, cases, phases, instruction set, threads.
void batch(benchmark::State& state) {
  const Network net = made_up_feeder(static_cast<std::uint32_t>(state.range(0)));
  const Topology top = topology_of(net);
  const auto cases = static_cast<std::size_t>(state.range(1));
  SweepOptions options;
  options.phases = static_cast<int>(state.range(2));
  options.simd = std::min(best_simd(), static_cast<Simd>(state.range(3)));
  hil::ThreadPool pool(static_cast<std::size_t>(state.range(4)));
  const ledger::Workers workers = pool.workers();
  const std::vector<Phases> draws = draws_of(net, cases, mean_w_for(net, top));
  Sweep sweep(net, top, options);
  std::vector<double> iterations(cases);
  for (auto _ : state)
    sweep.solve_batch(draws, workers, [&](const SweepBlock& block) {
      for (std::size_t k = 0; k < block.count; ++k)
        iterations[block.first + k] =
            block.outcomes[k].converged ? block.outcomes[k].iterations : NAN;
    });
  double sum = 0;
  for (const double i : iterations) sum += i;
  if (!std::isfinite(sum)) return state.SkipWithError("a case did not converge");
  report(state, static_cast<double>(net.buses.size() * cases), sum / static_cast<double>(cases));
}

void arguments(benchmark::internal::Benchmark* b) {
  b->ArgNames({"buses", "cases", "phases", "simd", "threads"})->UseRealTime();
  for (const std::int64_t buses : {33, 100, 1'000, 1'804, 10'000})
    for (const std::int64_t phases : {3, 1}) b->Args({buses, 1'000, phases, 2, 1});
  for (const std::int64_t cases : {1, 8, 100, 10'000}) b->Args({1'000, cases, 3, 2, 1});
  for (const std::int64_t simd : {0, 1}) b->Args({1'000, 1'000, 3, simd, 1});
  b->Args({1'000, 1'000, 3, 2, 2});
}
BENCHMARK(batch)->Apply(arguments)->Unit(benchmark::kMillisecond);

struct EuropeanLv {
  Network net;
  std::vector<Phases> day;  // 1,440 minutes
};

std::optional<EuropeanLv> european_lv() {
  const std::string folder = "../shared/data/ieee-feeders/opendss/LVTestCase/";
  const LoadFile load = [&](const std::string& path) -> tl::expected<std::string, std::string> {
    std::ifstream in(folder + path);
    if (!in) return tl::unexpected(path + ": cannot be read");
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  };
  auto net = read_grid("Master.dss", load);
  if (!net) return std::nullopt;
  EuropeanLv out{std::move(*net), {}};
  for (Connection& c : out.net.connections) c.model = {};
  for (std::size_t minute = 0; minute < 1440; ++minute)
    for (const Connection& c : out.net.connections) {
      Phases draw{};
      for (unsigned p = 0; p < 3; ++p)
        if (c.phases >> p & 1)
          draw[p] = c.profile_w[minute] * Complex(1, std::tan(std::acos(c.power_factor)));
      out.day.push_back(draw);
    }
  return out;
}

void european_lv_day_in_batches(benchmark::State& state) {
  const auto feeder = european_lv();
  if (!feeder) return state.SkipWithError("../shared/data is not there");
  const Topology top = topology_of(feeder->net);
  Sweep sweep(feeder->net, top);
  double iterations = 0;
  for (auto _ : state) {
    iterations = 0;
    sweep.solve_batch(feeder->day, ledger::calling_thread(), [&](const SweepBlock& block) {
      for (const SweepOutcome& o : block.outcomes) iterations += o.converged ? o.iterations : NAN;
    });
  }
  report(state, 907.0 * 1440, iterations / 1440);
  state.counters["us_step"] = benchmark::Counter(
      1440e-6, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(european_lv_day_in_batches)->Unit(benchmark::kMillisecond);

template <class Solver>
void minutes(benchmark::State& state, const EuropeanLv& feeder, Solver&& solve) {
  const std::size_t count = feeder.net.connections.size();
  std::size_t minute = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(solve(std::span(feeder.day).subspan(minute * count, count)));
    minute = (minute + 1) % 1440;
  }
  state.SetItemsProcessed(state.iterations());
}

void european_lv_one_warm_minute(benchmark::State& state) {
  const auto feeder = european_lv();
  if (!feeder) return state.SkipWithError("../shared/data is not there");
  Sweep sweep(feeder->net, topology_of(feeder->net));
  minutes(state, *feeder, [&](std::span<const Phases> draws) { return &sweep.solve(draws); });
}
BENCHMARK(european_lv_one_warm_minute)->Unit(benchmark::kMicrosecond);

void european_lv_one_warm_minute_with_all_figures(benchmark::State& state) {
  const auto feeder = european_lv();
  if (!feeder) return state.SkipWithError("../shared/data is not there");
  PowerFlow flow(feeder->net);
  minutes(state, *feeder, [&](std::span<const Phases> draws) { return &flow.solve(draws); });
}
BENCHMARK(european_lv_one_warm_minute_with_all_figures)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
