#pragma once
// Host 2: a real clock and real meters. The same nodes as in the twin, in one process; messages go
// from queue to queue. It holds no rules: it supplies the time and carries out the nodes' effects.
//
// Time. Simulated time is real time since the start times time.real_time_factor, held at the end of
// each metering interval until that interval's readings are in (or given up): so nodes see each
// reading at its nominal time, and a late meter delays the run a little instead of shifting times.
// After the end nothing real is left: what is still to be settled is drained without waiting.
//
// Meters with transport "modbus" are polled; their power takes the home's place in the power flow
// and their registers, power and voltage are what the home's node sees. The home's simulated twin
// runs on as a shadow and stands in while the meter does not answer.
//
// Meters with transport "ocmf" are charging stations: what they signed is kept, byte for byte, in
// records/ACCOUNT.ocmf, moves the home's registers, and nothing else does (station_readings.hpp);
// their voltage is the power flow's.
//
// What a node needs after a restart is on the disk before its messages leave
// (DIR/node/validator-N.db and so on, twin/store/node_store.hpp), and each node is started from
// what stands there.

#include <atomic>
#include <functional>
#include <vector>

#include "hil/wired_meter.hpp"
#include "twin/node/deployment.hpp"
#include "twin/store/run_recorder.hpp"

namespace hil {

struct FieldOptions {
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const twin::WorldMinute&)> each_minute;
};

// Runs the scenario in real time. The error says what file or disk failed.
ledger::Result<std::vector<twin::DeviceReport>> run_field(
    const twin::Scenario& scenario, twin::World& world, const twin::Deployment& deployment,
    twin::RunRecorder& recorder, std::vector<WiredMeter> meters, const FieldOptions& options);

}  // namespace hil
