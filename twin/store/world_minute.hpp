#pragma once
// One minute of the world as hosts hand it on: every meter sample, the feeder's means, a snapshot
// at its end and the totals so far.

#include "twin/store/world_rows.hpp"

namespace twin {

struct WorldMinute {
  ledger::Instant end;
  std::vector<MeterSample> samples;  // by rising time, then meter
  FeederMinute feeder;
  Snapshot snapshot;  // its market and ledger fields are not the world's
  EnergyTotals energy;
  GridTotals grid;
};

// Gathers a minute step by step: add() after every step, take() at its end.
class MinuteGatherer {
 public:
  void add(const World& world);
  WorldMinute take(const World& world, const RunDescription& run);

 private:
  std::vector<MeterSample> samples_;
  MinuteSum sum_;
};

// Steps the world for a minute, or to `end` if that is sooner.
WorldMinute advance_minute(World& world, const RunDescription& run, ledger::Instant end);

}  // namespace twin
