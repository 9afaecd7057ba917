#pragma once
// One minute of the world as hosts hand it on: every meter sample, the feeder's means, a snapshot
// at its end and the totals so far.

#include <map>
#include <optional>

#include "twin/store/world_rows.hpp"
#include "twin/world/grid_measurement.hpp"
#include "twin/world/home_minute.hpp"

namespace twin {

using StandingOrders = std::map<std::uint32_t, SetPoints>;  // by home: what it asked of its devices

struct WorldMinute {
  ledger::Instant end;
  std::vector<MeterSample> samples;  // by rising time, then meter
  FeederMinute feeder;
  Snapshot snapshot;  // its market and ledger fields are not the world's
  EnergyTotals energy;
  GridTotals grid;
  // For nodes that steer: what the devices did in the minute's last step, and the grid then; what
  // set-points came to. Empty where nothing is steered.
  std::vector<HomeState> homes;
  std::optional<GridMeasurement> measured;
  std::vector<HomeMinute> steered;
};

// Gathers a minute step by step: add() after every step, take() at its end.
class MinuteGatherer {
 public:
  // `steered`: whether nodes steer homes' devices; from `start` on.
  explicit MinuteGatherer(bool steered = false, ledger::Instant start = {})
      : steered_(steered), last_(start) {}
  void add(const World& world);
  WorldMinute take(const World& world, const RunDescription& run);

 private:
  std::vector<MeterSample> samples_;
  MinuteSum sum_;
  bool steered_;
  ledger::Instant last_;  // end of the step before
  std::vector<HomeMinute> homes_;
};

// Steps the world for a minute, or to `end` if that is sooner, with what homes asked of their
// devices; null where nobody steers.
WorldMinute advance_minute(World& world, const RunDescription& run, ledger::Instant end,
                           const StandingOrders* orders = nullptr);

}  // namespace twin
