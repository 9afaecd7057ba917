// How much faster than real time the consensus simulator runs: validators with modelled signatures,
// 1-second blocks and links of 50 ms, all checkers on.

#include <benchmark/benchmark.h>

#include "tests/support/consensus_sim.hpp"

namespace {

using namespace ledger;

void simulate(benchmark::State& state, consensus_sim::Options options) {
  constexpr std::int64_t length = 180;
  options.observers = 0;
  options.end = seconds(length);
  options.healed = seconds(length / 2);
  std::int64_t runs = 0;
  for (auto _ : state) {
    const consensus_sim::Report report = consensus_sim::run(options);
    if (!report.violations.empty()) state.SkipWithError(report.violations[0].c_str());
    ++options.seed;
    ++runs;
  }
  state.counters["simulated_s_per_s"] =
      benchmark::Counter(static_cast<double>(runs * length), benchmark::Counter::kIsRate);
}

void without_faults(benchmark::State& state) {
  consensus_sim::Options options;
  options.validators = static_cast<std::uint32_t>(state.range(0));
  options.delay = milliseconds(50);
  simulate(state, options);
}
BENCHMARK(without_faults)->Arg(4)->Arg(7)->Arg(10)->Unit(benchmark::kMillisecond);

void with_loss_and_crashes(benchmark::State& state) {
  consensus_sim::Options options;
  options.validators = static_cast<std::uint32_t>(state.range(0));
  options.delay = milliseconds(50);
  options.loss = 0.1;
  options.crashes = true;
  simulate(state, options);
}
BENCHMARK(with_loss_and_crashes)->Arg(7)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
