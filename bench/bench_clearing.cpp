// Orders a second through each mechanism, on books whose limits overlap as those of
// zero-intelligence bidders do. `uniform_clearing` is the whole of `clear`, with the optimal
// welfare that it is compared with; the others are the mechanism alone.

#include <algorithm>
#include <benchmark/benchmark.h>

#include "ledger/base/rng.hpp"
#include "market/clearing/bilateral_clearing.hpp"
#include "market/clearing/clearing.hpp"
#include "market/clearing/continuous_clearing.hpp"
#include "market/clearing/fee_tree.hpp"
#include "market/clearing/mid_market_clearing.hpp"
#include "market/clearing/order_book_reader.hpp"
#include "market/clearing/pay_as_bid_clearing.hpp"

namespace {

using namespace market;

std::vector<Order> book(std::size_t size) {
  ledger::Rng rng(1);
  std::vector<Order> orders(size);
  for (Order& o : orders) {
    const auto id = rng.bytes32();
    std::copy_n(id.begin(), o.id.bytes.size(), o.id.bytes.begin());
    std::copy_n(id.begin() + 16, o.account.bytes.size(), o.account.bytes.begin());
    o.side = rng.chance(0.5) ? Side::buy : Side::sell;
    o.energy = {1 + static_cast<std::int64_t>(rng.below(3000))};
    o.limit = {80'000 + static_cast<std::int64_t>(rng.below(150'000))};
    o.bus = 1 + static_cast<std::uint32_t>(rng.below(1000));
    o.green = rng.chance(0.3);
  }
  return orders;
}

template <class Mechanism>
void measure(benchmark::State& state, const std::vector<Order>& orders, Mechanism mechanism) {
  for (auto _ : state) benchmark::DoNotOptimize(mechanism(orders).volume);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(orders.size()));
}

void uniform_clearing(benchmark::State& state) {
  measure(state, book(static_cast<std::size_t>(state.range(0))),
          [](const auto& orders) { return clear(Mechanism::uniform, orders, {}); });
}
BENCHMARK(uniform_clearing)
    ->RangeMultiplier(100)
    ->Range(100, 1'000'000)
    ->Unit(benchmark::kMillisecond);

// A whole book at one limit: everything is shared at the margin, ties by id.
void one_limit_clearing(benchmark::State& state) {
  auto orders = book(static_cast<std::size_t>(state.range(0)));
  for (Order& o : orders) o.limit = {100'000};
  measure(state, orders, [](const auto& all) { return clear(Mechanism::uniform, all, {}); });
}
BENCHMARK(one_limit_clearing)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void pay_as_bid_auction(benchmark::State& state) {
  measure(state, book(1'000'000), [](const auto& orders) { return pay_as_bid_clearing(orders); });
}
BENCHMARK(pay_as_bid_auction)->Unit(benchmark::kMillisecond);

void continuous_auction(benchmark::State& state) {
  measure(state, book(1'000'000), [](const auto& orders) { return continuous_clearing(orders); });
}
BENCHMARK(continuous_auction)->Unit(benchmark::kMillisecond);

void bilateral_trade(benchmark::State& state) {
  auto orders = book(1'000'000);
  ledger::Rng rng(2);
  for (Order& o : orders)
    if (rng.chance(0.3)) o.partner = orders[rng.below(orders.size())].account;
  measure(state, orders, [](const auto& all) { return bilateral_clearing(all); });
}
BENCHMARK(bilateral_trade)->Unit(benchmark::kMillisecond);

void mid_market(benchmark::State& state) {
  measure(state, book(1'000'000), [](const auto& orders) {
    return mid_market_clearing(orders, {{220'000}, {80'000}});
  });
}
BENCHMARK(mid_market)->Unit(benchmark::kMillisecond);

// An order a node of a tree that is one long path: what is left of a side is handed up at each.
void fee_tree_path(benchmark::State& state) {
  const auto orders = book(static_cast<std::size_t>(state.range(0)));
  FeeTree tree(orders.size());
  std::vector<std::uint32_t> nodes(orders.size());
  for (std::uint32_t n = 0; n < nodes.size(); ++n) {
    nodes[n] = n;
    if (n > 0) tree[n] = {n - 1, {1}, {2}};
  }
  measure(state, orders, [&](const auto& all) { return clear_fee_tree(all, nodes, tree); });
}
BENCHMARK(fee_tree_path)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void order_book_reader(benchmark::State& state) {
  std::string text = "id,side,agent,bus,kwh,price_eur_per_kwh\n";
  ledger::Rng rng(1);
  for (int i = 0; i < 1'000'000; ++i)
    text += std::to_string(i) + (rng.chance(0.5) ? ",buy,home-" : ",sell,home-") +
            std::to_string(rng.below(100'000)) + ",bus-" + std::to_string(rng.below(1000)) + ",0." +
            std::to_string(100 + rng.below(900)) + ",0." + std::to_string(1000 + rng.below(1500)) +
            "\n";
  for (auto _ : state) benchmark::DoNotOptimize(read_order_book(text, "book.csv")->orders.size());
  state.SetItemsProcessed(state.iterations() * 1'000'000);
}
BENCHMARK(order_book_reader)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
