#include "viz/live/stored_source.hpp"

#include <algorithm>
#include <utility>

namespace viz {

StoredSource::StoredSource(twin::RunReader run, std::vector<ledger::Instant> times)
    : run_(std::move(run)), times_(std::move(times)) {}

tl::expected<StoredSource, std::string> StoredSource::open(const std::string& path) {
  auto run = twin::RunReader::open(path);
  if (!run) return tl::unexpected(run.error().message);
  auto times = run->snapshot_times();
  if (!times) return tl::unexpected(times.error().message);
  if (times->empty()) return tl::unexpected(path + ": holds no snapshot to show");
  return StoredSource(std::move(*run), std::move(*times));
}

tl::expected<twin::Snapshot, std::string> StoredSource::at(ledger::Instant time) {
  const auto after = std::upper_bound(times_.begin(), times_.end(), time);
  const ledger::Instant found = after == times_.begin() ? times_.front() : *(after - 1);
  if (has_shown_ && shown_.time == found) return shown_;
  auto snapshot = run_.snapshot_at(found);
  if (!snapshot) return tl::unexpected(snapshot.error().message);
  if (!*snapshot) return tl::unexpected(std::string("a snapshot has gone from the run"));
  shown_ = std::move(**snapshot);
  has_shown_ = true;
  return shown_;
}

}  // namespace viz
