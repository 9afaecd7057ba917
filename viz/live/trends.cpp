#include "viz/live/trends.hpp"

#include <algorithm>
#include <numeric>

namespace viz {

TrendPoint trend_point(const twin::RunDescription& run, const twin::Snapshot& snapshot) {
  TrendPoint out;
  out.net_kw = std::accumulate(snapshot.home_w.begin(), snapshot.home_w.end(), 0.0) / 1000;
  out.pv_kw = std::accumulate(snapshot.home_pv_w.begin(), snapshot.home_pv_w.end(), 0.0) / 1000;
  for (std::size_t i = 0; i < run.branches.size(); ++i)
    if (run.branches[i].kind == twin::BranchKind::transformer)
      out.transformer_loading =
          std::max(out.transformer_loading, static_cast<double>(snapshot.branch_loading[i]));
  if (snapshot.price_eur_per_kwh) out.price_ct_per_kwh = 100 * *snapshot.price_eur_per_kwh;
  return out;
}

tl::expected<void, std::string> Trends::update(SnapshotSource& source, const twin::Snapshot& now) {
  const Extent extent = source.extent();
  const ledger::Instant newest = std::min(now.time, extent.last);
  const ledger::Instant oldest = std::max(newest - window, extent.first);
  // Points stand at multiples of the spacing, so that moving on asks for one and not for all.
  const ledger::Duration past = newest - ledger::Instant{};
  ledger::Instant time = newest - past % spacing;
  known_.erase(known_.begin(), known_.lower_bound(oldest));
  known_.erase(known_.upper_bound(newest), known_.end());
  for (; time >= oldest; time = time - spacing) {
    if (known_.count(time)) continue;
    const auto snapshot = source.at(time);
    if (!snapshot) return tl::unexpected(snapshot.error());
    known_.emplace(time, trend_point(source.description(), *snapshot));
  }
  points_.clear();
  for (const auto& [at, point] : known_) points_.push_back(point);
  points_.push_back(trend_point(source.description(), now));
  return {};
}

}  // namespace viz
