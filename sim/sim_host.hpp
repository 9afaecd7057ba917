#pragma once
// Host 1: SimGrid. Virtual time, modelled links and disks; one actor a node, meters as arrays
// inside their fleet. It holds no rules: it supplies the time and carries out the nodes' effects.
//
// Network: site_network.hpp, and what the scenario's faults make of it: disturbances.hpp. Disk: a
// durable record takes 1 ms and its bytes at 200 MB/s before a later message leaves.

#include <functional>
#include <string>

#include "twin/node/deployment.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/store/run_recorder.hpp"
#include "twin/store/world_minute.hpp"
#include "twin/world/world.hpp"

namespace sim {

// A node that loses its memory at a time and goes on from its own records.
struct Restart {
  ledger::NodeId node;
  ledger::Instant at;
};

struct SimOptions {
  unsigned threads = 1;
  std::vector<Restart> restarts;  // of validators, the observer and gateways; times rise by node
  // Called once a simulated minute; false ends the run early, with what was decided published.
  std::function<bool(const twin::WorldMinute&, const twin::RunRecorder&)> each_minute;
};

// Runs the scenario to its end, or to where it was told to end. One call a process: SimGrid has
// one engine. The error is one of writing the run's directory.
ledger::Result<void> run_simulation(const twin::Scenario& scenario, twin::World& world,
                                    const twin::Deployment& deployment, twin::RunRecorder& recorder,
                                    const SimOptions& options);

}  // namespace sim
