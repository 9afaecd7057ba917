#pragma once
// Reads run.db, also while a run is still being written. The file is not trusted: sizes, indices,
// times and types are checked, and whatever cannot be is an error value, never undefined.

#include <memory>
#include <string>
#include <vector>

#include "twin/snapshot.hpp"
#include "twin/store/run_format.hpp"

namespace twin {

// A home's statements added up over the run.
struct HomeBill {
  std::uint32_t home = 0;
  std::int64_t import_wh = 0, export_wh = 0, bought_wh = 0, sold_wh = 0;
  std::int64_t total_micro_eur = 0, baseline_micro_eur = 0;
  std::int64_t capacity_micro_eur = 0;  // of the total, for the highest imports
  std::optional<std::int64_t> peak_wh;  // the highest of these; none without a capacity tariff
};

// The lowest and highest voltage of a bus's connected phases over all snapshots; 0 and 0 where it
// never had one.
struct VoltageRange {
  float min_pu = 0, max_pu = 0;
};

class RunReader {
 public:
  static Stored<RunReader> open(const std::string& path);
  RunReader(RunReader&&) noexcept;
  RunReader& operator=(RunReader&&) noexcept;
  ~RunReader();

  const RunDescription& description() const;

  // All in order of time (slots, blocks: of their number).
  Stored<std::vector<ledger::Instant>> snapshot_times();
  Stored<std::vector<FeederMinute>> minutes();
  Stored<std::vector<SlotRow>> slots();
  Stored<std::vector<BlockRow>> blocks();
  Stored<std::vector<AlertRow>> alerts();
  Stored<std::vector<GridEventRow>> grid_events();
  Stored<std::vector<HomeBill>> bills();  // one a home that has statements, in order of homes
  Stored<std::vector<StatementRow>> statements(std::uint32_t home);
  Stored<std::vector<PostingRow>> postings(std::uint32_t slot);

  Stored<std::vector<VoltageRange>> voltage_ranges();  // one a bus

  // The last snapshot at or before `time`; none before the first. Alerts are those then active.
  Stored<std::optional<Snapshot>> snapshot_at(ledger::Instant time);

 private:
  struct Open;
  explicit RunReader(std::unique_ptr<Open> open);
  std::unique_ptr<Open> open_;
};

}  // namespace twin
