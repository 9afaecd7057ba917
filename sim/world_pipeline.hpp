#pragma once
// Runs the world ahead of the ledger: physics depends on nothing that the ledger decides, so a
// second thread may compute the next minutes while the first one simulates the network. With one
// thread the same minutes are computed when they are asked for; results are equal.

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
  WorldPipeline(twin::World& world, const twin::RunDescription& run, ledger::Instant end,
                unsigned threads);
  ~WorldPipeline();

  // The next minute; null after the end.
  std::shared_ptr<const twin::WorldMinute> next();

 private:
  void work();
  std::shared_ptr<const twin::WorldMinute> compute();

  twin::World& world_;
  const twin::RunDescription& run_;
  ledger::Instant end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<const twin::WorldMinute>> ready_;
  bool finished_ = false, stopped_ = false;
  std::thread worker_;
};

}  // namespace sim
