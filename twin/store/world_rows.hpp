#pragma once
// A world's state as rows: what a host writes to run.db and a live view shows.

#include "twin/snapshot.hpp"
#include "twin/store/run_format.hpp"
#include "twin/world/world.hpp"

namespace twin {

// The grid and the homes as the last step left them, for the homes of `run` in their order: who has
// no battery shows -1. Market, ledger and alerts are the host's.
Snapshot snapshot_of(const World& world, const RunDescription& run);

// Adds steps up into minutes; add() after every step.
class MinuteSum {
 public:
  void add(const World& world);
  // Over what was added since the last take(), which must not be nothing.
  FeederMinute take();
  bool empty() const { return steps_ == 0; }

 private:
  FeederMinute sum_;
  int steps_ = 0;
};

}  // namespace twin
