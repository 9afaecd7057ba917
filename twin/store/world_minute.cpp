#include "twin/store/world_minute.hpp"

#include <algorithm>
#include <utility>

namespace twin {

void MinuteGatherer::add(const World& world) {
  const auto samples = world.samples();
  samples_.insert(samples_.end(), samples.begin(), samples.end());
  sum_.add(world);
}

WorldMinute MinuteGatherer::take(const World& world, const RunDescription& run) {
  WorldMinute m;
  m.end = world.now();
  m.samples = std::exchange(samples_, {});
  m.feeder = sum_.take();
  m.snapshot = snapshot_of(world, run);
  m.energy = world.energy();
  m.grid = world.grid_totals();
  return m;
}

WorldMinute advance_minute(World& world, const RunDescription& run, ledger::Instant end) {
  const ledger::Instant until = std::min(world.now() + ledger::minutes(1), end);
  MinuteGatherer gatherer;
  while (world.now() < until) {
    world.step();
    gatherer.add(world);
  }
  return gatherer.take(world, run);
}

}  // namespace twin
