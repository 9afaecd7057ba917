#pragma once
// Where a served meter's readings come from: a home of a scenario, or a household that obeys none.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hil/modbus/simulated_meter.hpp"
#include "ledger/base/result.hpp"

namespace CLI {
class App;
}

namespace app {

struct MeterSourceOptions {
  std::string from, id;
  std::vector<std::string> set;
  double speed = 0;  // 0: the source's own
};

struct MeterSource {
  std::unique_ptr<hil::SimulatedMeter> meter;
  double speed = 1;                        // as asked for, or the scenario's real_time_factor
  std::optional<ledger::CivilTime> epoch;  // the scenario's start
};

// --from, --id, --set and --speed of a command that serves a meter. `options` outlives it.
void add_source_options(CLI::App& command, MeterSourceOptions& options);

ledger::Result<MeterSource> meter_source(const MeterSourceOptions& options);

}  // namespace app
