#include "viz/live/world_source.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "twin/store/world_rows.hpp"

namespace viz {
namespace {

constexpr std::chrono::milliseconds frame_budget{12};
constexpr std::size_t most_kept = 7 * 24 * 60;

}  // namespace

WorldSource::WorldSource(twin::RunDescription run, std::unique_ptr<twin::World> world)
    : run_(std::move(run)), world_(std::move(world)) {
  step();  // a picture needs a first power flow
  step_length_ = world_->now() - ledger::Instant{};
}

Extent WorldSource::extent() const {
  return {past_.front().time, world_->now(),
          std::max(world_->now(), ledger::Instant{} + run_.meta.duration)};
}

void WorldSource::step() {
  world_->step();
  const auto minute_of = [](ledger::Instant t) { return t.ns / ledger::minutes(1).ns; };
  if (!past_.empty() && minute_of(world_->now()) == minute_of(past_.back().time)) return;
  past_.push_back(twin::snapshot_of(*world_, run_));
  if (past_.size() > most_kept) past_.pop_front();
}

tl::expected<twin::Snapshot, std::string> WorldSource::at(ledger::Instant time) {
  const auto deadline = std::chrono::steady_clock::now() + frame_budget;
  while (world_->now() + step_length_ <= std::min(time, extent().end)) {
    step();
    if (std::chrono::steady_clock::now() > deadline) break;
  }
  if (time >= world_->now()) return twin::snapshot_of(*world_, run_);
  const auto later = [](ledger::Instant t, const twin::Snapshot& s) { return t < s.time; };
  const auto after = std::upper_bound(past_.begin(), past_.end(), time, later);
  return after == past_.begin() ? past_.front() : *(after - 1);
}

}  // namespace viz
