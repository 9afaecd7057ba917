// The audit of a public log (R1, R2, R3, R7, R12) against one pass of SHA-256 over the same bytes.
// Every block costs a certificate of four signatures, however small it is, so the ratio depends on
// a block's size; without_signatures shows the rest alone.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <map>

#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/audit/audit.hpp"
#include "tests/support/forged_log.hpp"

namespace {

using namespace ledger;
using Files = std::map<std::string, Bytes>;

constexpr std::size_t entries_in_all = 40'000;  // 8 MB

// Batches of one gateway as they stand on a log, 202 bytes each, this many a block.
const Files& log_of(std::size_t entries_a_block) {
  static std::map<std::size_t, Files> made;
  Files& files = made[entries_a_block];
  if (!files.empty()) return files;
  LogForger forger;
  forger.voters = {0, 1, 2, 3};
  forger.blocks.clear();
  Batch batch;
  for (std::size_t i = 0; i < entries_in_all; ++i) {
    if (i % entries_a_block == 0) forger.blocks.emplace_back();
    ++batch.epoch;
    forger.blocks.back().push_back(entry_of(2, text_of(encode(batch))));
    batch.previous = sha256(forger.blocks.back().back());
  }
  return files = forger.files();
}

market::FileSet view_of(const Files& files) {
  market::FileSet out;
  for (const auto& [path, bytes] : files) out.paths.push_back(path);
  out.read = [&files](const std::string& path) -> std::optional<Bytes> {
    const auto at = files.find(path);
    return at == files.end() ? std::nullopt : std::optional(at->second);
  };
  return out;
}

std::size_t size_of(const Files& files) {
  std::size_t out = 0;
  for (const auto& [path, bytes] : files) out += bytes.size();
  return out;
}

struct Trusting final : Verifier {
  bool verify(const PublicKey&, BytesView, const Signature&) override { return true; }
};

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// One pass, the quickest of some.
double seconds_of_hashing(const Files& files) {
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    const auto begin = Clock::now();
    for (const auto& [path, bytes] : files) benchmark::DoNotOptimize(sha256(bytes));
    best = std::min(best, seconds_since(begin));
  }
  return best;
}

// `passes` says how many passes of hashing the quickest audit takes.
void audit(benchmark::State& state, Verifier& verifier) {
  const Files& files = log_of(static_cast<std::size_t>(state.range(0)));
  market::AuditInput input;
  input.log = view_of(files);
  double best = 1e9;
  for (auto _ : state) {
    const auto begin = Clock::now();
    for (const market::AuditCheck& c : market::audit(input, verifier))
      if (c.result == market::CheckResult::fails) state.SkipWithError(c.detail.c_str());
    best = std::min(best, seconds_since(begin));
  }
  state.counters["passes"] = best / seconds_of_hashing(files);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size_of(files)));
}

void hashing(benchmark::State& state) {
  const Files& files = log_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    for (const auto& [path, bytes] : files) benchmark::DoNotOptimize(sha256(bytes));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size_of(files)));
}
BENCHMARK(hashing)->Arg(10)->Arg(10'000)->Unit(benchmark::kMillisecond);

void block_sizes(benchmark::internal::Benchmark* audits) {
  for (const int entries : {1, 10, 100, 1'000, 10'000}) audits->Arg(entries);
  audits->Unit(benchmark::kMillisecond);
}

void with_signatures(benchmark::State& state) {
  Ed25519Verifier verifier;
  audit(state, verifier);
}
BENCHMARK(with_signatures)->Apply(block_sizes);

void without_signatures(benchmark::State& state) {
  Trusting verifier;
  audit(state, verifier);
}
BENCHMARK(without_signatures)->Apply(block_sizes);

}  // namespace

BENCHMARK_MAIN();
