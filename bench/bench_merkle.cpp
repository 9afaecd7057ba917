// What the trees cost, as a multiple of what they are made of: one SHA-256 of 64 bytes. A log's
// leaf costs one hash and about one node more; a batch of n leaves n - 1 nodes.

#include <benchmark/benchmark.h>
#include <map>

#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/merkle/proof.hpp"
#include "ledger/merkle/state_tree.hpp"
#include "ledger/tlog/tiles.hpp"

namespace {

using namespace ledger;

std::vector<Hash> random_hashes(std::size_t n) {
  Rng rng(1);
  std::vector<Hash> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(rng.bytes32());
  return out;
}

void count(benchmark::State& state, std::size_t items) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(items));
}

void bare_sha256_of_64_bytes(benchmark::State& state) {
  const Bytes data(64, 7);
  for (auto _ : state) benchmark::DoNotOptimize(sha256(data));
  count(state, 1);
}
BENCHMARK(bare_sha256_of_64_bytes);

void node_of_two_hashes(benchmark::State& state) {
  const auto hashes = random_hashes(2);
  for (auto _ : state) benchmark::DoNotOptimize(node_hash(hashes[0], hashes[1]));
  count(state, 1);
}
BENCHMARK(node_of_two_hashes);

void root_of_leaves(benchmark::State& state) {
  const auto leaves = random_hashes(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(root_of(leaves));
  count(state, leaves.size());
}
BENCHMARK(root_of_leaves)->Arg(12)->Arg(120)->Arg(480);

void log_appends(benchmark::State& state) {
  const auto leaves = random_hashes(10'000);
  for (auto _ : state) {
    LogTree tree;
    for (const Hash& leaf : leaves) tree.append(leaf);
    benchmark::DoNotOptimize(tree.size());
  }
  count(state, leaves.size());
}
BENCHMARK(log_appends);

void log_root_and_proof(benchmark::State& state) {
  LogTree tree;
  for (const Hash& leaf : random_hashes(10'007)) tree.append(leaf);
  const Hash root = tree.root();
  std::uint64_t i = 0;
  for (auto _ : state) {
    i = (i + 4099) % tree.size();
    const auto proof = tree.inclusion_proof(i, tree.size());
    benchmark::DoNotOptimize(verify_inclusion(tree.leaf(i), i, tree.size(), proof, root));
  }
  count(state, 1);
}
BENCHMARK(log_root_and_proof);

// A block's worth of changed keys in a state of 10,000.
void state_changes(benchmark::State& state) {
  const auto keys = random_hashes(10'000);
  std::map<Hash, Hash> all, some;
  for (const Hash& key : keys) all.emplace(key, key);
  const auto changes = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < changes; ++i) some.emplace(keys[i * 7], keys[i]);
  StateTree tree;
  tree.update(all);
  for (auto _ : state) {
    for (auto& [key, value] : some) ++value[0];
    tree.update(some);
    benchmark::DoNotOptimize(tree.root());
  }
  count(state, changes);
}
BENCHMARK(state_changes)->Arg(1)->Arg(40)->Arg(1000);

// A log that publishes its tiles after every 8 entries.
void tiles_published(benchmark::State& state) {
  const std::vector<Bytes> entries(20'000, Bytes(200, 3));
  for (auto _ : state) {
    LogTree tree;
    std::uint64_t published = 0;
    for (const Bytes& entry : entries) {
      tree.append(leaf_hash(entry));
      if (tree.size() % 8 != 0) continue;
      benchmark::DoNotOptimize(changed_tiles(entries, tree, published, tree.size()));
      published = tree.size();
    }
  }
  count(state, entries.size());
}
BENCHMARK(tiles_published)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
