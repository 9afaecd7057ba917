#pragma once
// The last hours in a few figures, for the side panel's small curves.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "viz/live/snapshot_source.hpp"

namespace viz {

struct TrendPoint {
  double net_kw = 0, pv_kw = 0;            // sums over homes; import positive
  double transformer_loading = 0;          // the highest
  std::optional<double> price_ct_per_kwh;  // none before the first trade
};

TrendPoint trend_point(const twin::RunDescription& run, const twin::Snapshot& snapshot);

class Trends {
 public:
  static constexpr ledger::Duration window = ledger::hours(6), spacing = ledger::minutes(5);

  // Asks the source for what is missing before `now`; returns its error.
  tl::expected<void, std::string> update(SnapshotSource& source, const twin::Snapshot& now);

  // The window's points in order, at most window / spacing of them, and the present one.
  const std::vector<TrendPoint>& points() const { return points_; }

 private:
  std::map<ledger::Instant, TrendPoint> known_;
  std::vector<TrendPoint> points_;
};

}  // namespace viz
