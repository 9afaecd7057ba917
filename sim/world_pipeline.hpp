#pragma once
// Runs the world ahead of the ledger: where no node steers devices, physics depends on nothing that
// nodes decide, so a second thread may compute the next minutes while the first one simulates the
// network. With one thread the same minutes are computed when they are asked for; results are
// equal. Where nodes steer, each minute is computed when it is asked for, with what homes have
// asked of their devices by then.

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "twin/store/world_minute.hpp"

namespace sim {

class WorldPipeline {
 public:
  // `world` must not be touched while the pipeline lives; `run` describes it and outlives it.
  // `orders`: null where nothing is steered; outlives it, and changes between two calls only.
  WorldPipeline(twin::World& world, const twin::RunDescription& run, ledger::Instant end,
                unsigned threads, const twin::StandingOrders* orders = nullptr);
  ~WorldPipeline();

  // The next minute; null after the end.
  std::shared_ptr<const twin::WorldMinute> next();

 private:
  void work();
  std::shared_ptr<const twin::WorldMinute> compute();

  twin::World& world_;
  const twin::RunDescription& run_;
  ledger::Instant end_;
  const twin::StandingOrders* orders_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<const twin::WorldMinute>> ready_;
  bool finished_ = false, stopped_ = false;
  std::thread worker_;
};

}  // namespace sim
