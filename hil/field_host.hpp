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
// What a node needs after a restart is on the disk before its messages leave
// (DIR/node/validator-N.db and so on, twin/store/node_store.hpp), and each node is started from
// what stands there.

#include <atomic>
#include <functional>
#include <vector>

#include "hil/meter_poller.hpp"
#include "twin/node/deployment.hpp"
#include "twin/store/run_recorder.hpp"

namespace hil {

// One meter on a wire, standing for one home.
struct WiredMeter {
  std::uint32_t home = 0;
  std::string name;  // of the home
  std::unique_ptr<MeterPoller> poller;
  std::uint64_t shadow_readings = 0;
  bool on_shadow = false;
};

// What is wrong with the devices and addresses that [[meter]] entries name, with file, line and
// key.
ledger::Result<void> check_meters(const twin::Scenario& scenario);

// Connects every meter with transport "modbus", sets its clock to the start and begins to poll. The
// error names the home whose meter does not answer. Nothing is written before this has succeeded.
ledger::Result<std::vector<WiredMeter>> connect_meters(const twin::Scenario& scenario);

struct FieldOptions {
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const twin::WorldMinute&)> each_minute;
};

// Runs the scenario in real time. The error says what file or disk failed.
ledger::Result<std::vector<twin::DeviceReport>> run_field(
    const twin::Scenario& scenario, twin::World& world, const twin::Deployment& deployment,
    twin::RunRecorder& recorder, std::vector<WiredMeter> meters, const FieldOptions& options);

}  // namespace hil
