#pragma once
// Writes run.db while a run goes on. Rows gather in one SQLite transaction until commit(); readers
// see what was committed (WAL, synchronous NORMAL: a crash of the process loses nothing that was
// committed, a power cut may lose the last commits but leaves the file whole).
// After a failure the store holds what was committed before; further writes fail with the same
// kind.

#include <memory>
#include <string>

#include "twin/snapshot.hpp"
#include "twin/store/run_format.hpp"

namespace twin {

class RunWriter {
 public:
  // Fails, and leaves nothing behind, where `path` already exists or cannot be written.
  static Stored<RunWriter> create(const std::string& path, const RunDescription& description);
  RunWriter(RunWriter&&) noexcept;
  RunWriter& operator=(RunWriter&&) noexcept;
  ~RunWriter();  // rows that were not committed are lost: call finish()

  // Array lengths are the description's: 3 a bus, 1 a branch, 1 a home. Active alerts are not
  // stored here: they follow from the alert table.
  Stored<void> snapshot(const Snapshot& snapshot);
  Stored<void> minute(const FeederMinute& row);
  Stored<void> slot(const SlotRow& row);
  Stored<void> statement(const StatementRow& row);
  Stored<void> block(const BlockRow& row);
  Stored<void> posting(const PostingRow& row);
  // Gives the number by which clear_alert() ends it.
  Stored<std::int64_t> alert(const AlertRow& row);
  Stored<void> clear_alert(std::int64_t number, ledger::Instant time);

  Stored<void> grid_event(const GridEventRow& row);
  Stored<void> branch_figure(const BranchFigureRow& row);
  Stored<void> supply(const SupplyRow& row);

  Stored<void> commit();  // about once a simulated minute
  // Commits and folds the write-ahead log into the one file. The writer must not be used after it.
  Stored<void> finish();

 private:
  struct Open;
  explicit RunWriter(std::unique_ptr<Open> open);
  std::unique_ptr<Open> open_;
};

}  // namespace twin
