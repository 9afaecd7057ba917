#include "sim/world_pipeline.hpp"

namespace sim {
namespace {

constexpr std::size_t minutes_ahead = 16;

}  // namespace

WorldPipeline::WorldPipeline(twin::World& world, const twin::RunDescription& run,
                             ledger::Instant end, unsigned threads,
                             const twin::StandingOrders* orders)
    : world_(world), run_(run), end_(end), orders_(orders) {
  if (threads > 1 && !orders) worker_ = std::thread([this] { work(); });
}

WorldPipeline::~WorldPipeline() {
  if (!worker_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

std::shared_ptr<const twin::WorldMinute> WorldPipeline::compute() {
  if (world_.now() >= end_) return nullptr;
  return std::make_shared<const twin::WorldMinute>(
      twin::advance_minute(world_, run_, end_, orders_));
}

void WorldPipeline::work() {
  while (true) {
    auto minute = compute();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || ready_.size() < minutes_ahead; });
    if (stopped_) return;
    if (!minute) {
      finished_ = true;
      changed_.notify_all();
      return;
    }
    ready_.push_back(std::move(minute));
    changed_.notify_all();
  }
}

std::shared_ptr<const twin::WorldMinute> WorldPipeline::next() {
  if (!worker_.joinable()) return compute();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return finished_ || !ready_.empty(); });
  if (ready_.empty()) return nullptr;
  auto minute = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return minute;
}

}  // namespace sim
