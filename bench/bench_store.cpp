// Rows a second into run.db: statements, the widest of the frequent rows, committed every 600.

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>

#include "ledger/base/invariant.hpp"
#include "twin/store/run_writer.hpp"

namespace {

void statements(benchmark::State& state) {
  const auto path = std::filesystem::temp_directory_path() / "bench_store.db";
  std::filesystem::remove(path);
  twin::RunDescription description;
  description.buses.resize(1);
  description.homes.resize(40);
  auto writer = twin::RunWriter::create(path.string(), description);
  ledger::invariant(writer.has_value(), "the benchmark can write to the temporary folder");
  twin::StatementRow row;
  for (auto _ : state) {
    for (row.home = 0; row.home < 40; ++row.home)
      ledger::invariant(writer->statement(row).has_value(), "a row is written");
    if (++row.slot % 15 == 0) ledger::invariant(writer->commit().has_value(), "a commit");
  }
  state.SetItemsProcessed(state.iterations() * 40);
  writer = tl::unexpected(twin::StoreError{});
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
}
BENCHMARK(statements);

}  // namespace

BENCHMARK_MAIN();
