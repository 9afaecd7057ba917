#pragma once
// The pictures of a run.db.

#include <string>
#include <vector>

#include "twin/store/run_reader.hpp"
#include "viz/live/snapshot_source.hpp"

namespace viz {

class StoredSource : public SnapshotSource {
 public:
  // Fails on a run without a snapshot, too.
  static tl::expected<StoredSource, std::string> open(const std::string& path);

  const twin::RunDescription& description() const override { return run_.description(); }
  Extent extent() const override { return {times_.front(), times_.back(), times_.back()}; }
  tl::expected<twin::Snapshot, std::string> at(ledger::Instant time) override;

 private:
  StoredSource(twin::RunReader run, std::vector<ledger::Instant> times);

  twin::RunReader run_;
  std::vector<ledger::Instant> times_;
  twin::Snapshot shown_;  // the last that was asked for
  bool has_shown_ = false;
};

}  // namespace viz
