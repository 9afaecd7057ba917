#include "twin/store/world_minute.hpp"

#include <algorithm>
#include <utility>

namespace twin {

void MinuteGatherer::add(const World& world) {
  const auto samples = world.samples();
  samples_.insert(samples_.end(), samples.begin(), samples.end());
  sum_.add(world);
  if (!steered_) return;
  homes_.resize(world.homes().size());
  const double hours = (world.now() - last_).seconds() / 3600;
  last_ = world.now();
  for (std::size_t h = 0; h < homes_.size(); ++h) homes_[h].add(world.homes()[h], hours);
}

WorldMinute MinuteGatherer::take(const World& world, const RunDescription& run) {
  WorldMinute m;
  m.end = world.now();
  m.samples = std::exchange(samples_, {});
  m.feeder = sum_.take();
  m.snapshot = snapshot_of(world, run);
  m.energy = world.energy();
  m.grid = world.grid_totals();
  if (!steered_) return m;
  m.homes.assign(world.homes().begin(), world.homes().end());
  m.measured = measure_grid(world);
  m.steered = std::exchange(homes_, {});
  return m;
}

WorldMinute advance_minute(World& world, const RunDescription& run, ledger::Instant end,
                           const StandingOrders* orders) {
  const ledger::Instant until = std::min(world.now() + ledger::minutes(1), end);
  MinuteGatherer gatherer(orders != nullptr, world.now());
  while (world.now() < until) {
    if (orders)
      for (const auto& [home, asked] : *orders) world.set(home, asked);
    world.step();
    gatherer.add(world);
  }
  return gatherer.take(world, run);
}

}  // namespace twin
