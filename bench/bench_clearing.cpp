// Orders a second through the uniform auction: the whole of `clear`, with the optimal welfare that
// it is compared with, on books whose limits overlap as those of zero-intelligence bidders do.

#include <algorithm>
#include <benchmark/benchmark.h>

#include "ledger/base/rng.hpp"
#include "market/clearing/clearing.hpp"

namespace {

using namespace market;

std::vector<Order> book(std::size_t size) {
  ledger::Rng rng(1);
  std::vector<Order> orders(size);
  for (Order& o : orders) {
    const auto id = rng.bytes32();
    std::copy_n(id.begin(), o.id.bytes.size(), o.id.bytes.begin());
    o.side = rng.chance(0.5) ? Side::buy : Side::sell;
    o.energy = {1 + static_cast<std::int64_t>(rng.below(3000))};
    o.limit = {80'000 + static_cast<std::int64_t>(rng.below(150'000))};
  }
  return orders;
}

void uniform_clearing(benchmark::State& state) {
  const auto orders = book(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(clear(Mechanism::uniform, orders, {}).volume);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(uniform_clearing)
    ->RangeMultiplier(100)
    ->Range(100, 1'000'000)
    ->Unit(benchmark::kMillisecond);

// A whole book at one limit: everything is shared at the margin, ties by id.
void one_limit_clearing(benchmark::State& state) {
  auto orders = book(static_cast<std::size_t>(state.range(0)));
  for (Order& o : orders) o.limit = {100'000};
  for (auto _ : state) benchmark::DoNotOptimize(clear(Mechanism::uniform, orders, {}).volume);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(one_limit_clearing)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
