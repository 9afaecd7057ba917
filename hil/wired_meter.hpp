#pragma once
// The real meters of a field run, as its scenario's [[meter]] entries name them: those that are
// polled ("modbus") and charging stations that sign records ("ocmf").

#include <memory>
#include <string>
#include <vector>

#include "hil/modbus/meter_poller.hpp"
#include "hil/station/station_poller.hpp"
#include "hil/station/station_readings.hpp"
#include "ledger/base/ids.hpp"
#include "twin/node/deployment.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/store/summary.hpp"

namespace hil {

// A charging station: what it said, and what its home shows of that.
struct WiredStation {
  std::unique_ptr<StationPoller> poller;
  StationReadings readings;
  ledger::AccountId account;  // whose records are kept
  std::uint64_t taken = 0, held_readings = 0;
  std::string source = "none";  // of the last reading
};

// One real meter, standing for one home: `poller` or `station`.
struct WiredMeter {
  std::uint32_t home = 0;
  std::string name;  // of the home
  std::unique_ptr<MeterPoller> poller;
  std::uint64_t shadow_readings = 0;
  bool on_shadow = false;
  std::unique_ptr<WiredStation> station;
};

twin::DeviceReport report_of(const WiredMeter& meter);

// What is wrong with the devices, addresses and keys that [[meter]] entries name, with file, line
// and key.
ledger::Result<void> check_meters(const twin::Scenario& scenario);

// Connects every real meter. One with transport "modbus" has its clock set to the start and is
// polled from now on. A station is there, and its home's registration begins with the registers
// that the scenario gives; it is listened to once the host begins. The error names the home whose
// meter does not answer. Nothing is written before this has succeeded.
ledger::Result<std::vector<WiredMeter>> connect_meters(const twin::Scenario& scenario,
                                                       twin::Deployment& deployment);

}  // namespace hil
