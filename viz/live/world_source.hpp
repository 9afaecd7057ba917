#pragma once
// The pictures of a world that runs while one looks at it. It keeps a picture a simulated minute,
// so that the past can be looked at again; the oldest go after a week's worth.

#include <deque>
#include <memory>
#include <string>

#include "twin/world/world.hpp"
#include "viz/live/snapshot_source.hpp"

namespace viz {

class WorldSource : public SnapshotSource {
 public:
  WorldSource(twin::RunDescription run, std::unique_ptr<twin::World> world);

  const twin::RunDescription& description() const override { return run_; }
  Extent extent() const override;
  tl::expected<twin::Snapshot, std::string> at(ledger::Instant time) override;

 private:
  void step();

  twin::RunDescription run_;
  std::unique_ptr<twin::World> world_;
  ledger::Duration step_length_;
  std::deque<twin::Snapshot> past_;
};

}  // namespace viz
