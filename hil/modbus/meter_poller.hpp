#pragma once
// Polls one reference meter for a field host and hands each reading over exactly once, in order.
//
// A thread of its own does the waiting on the wire; the host only ever waits in `wait_for`, until
// the deadline that it names. The thread asks for the newest block when the next reading is due. A
// reading that it missed is fetched from the meter's history; one that is not there any more is a
// gap. A meter whose numbers went back (it was restarted) has its clock set again to the host's
// time, and catches up.
//
//   nominal arrival of sequence k = the real time at which start() returned
//                                   + (k * interval - at) / speed

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "hil/modbus/address.hpp"
#include "hil/modbus/device_map.hpp"
#include "hil/modbus/jitter.hpp"
#include "hil/modbus/meter_reading.hpp"
#include "hil/modbus/modbus_meter_reader.hpp"
#include "ledger/base/time.hpp"

namespace hil {

struct PollerOptions {
  DeviceMap map;  // with a [sample], a clock and by-phase values: see lack_of
  Address address;
  std::uint8_t unit = 1;
  ledger::Duration interval = ledger::seconds(5);  // between readings, simulated
  double speed = 1;  // simulated seconds a real second, of host and meter
  ledger::Duration timeout = ledger::seconds(1);  // real, of one request
};

struct PollerCounts {
  std::uint64_t polls = 0;     // requests for the newest block, answered or not
  std::uint64_t errors = 0;    // of them failed: no connection, no answer, a bad one
  std::uint64_t readings = 0;  // taken from the meter
  std::uint64_t gaps = 0;      // sequences that the meter had given and lost
  std::uint64_t late = 0;      // arrived after the host had given up waiting for them
  double jitter_p50_ms = 0, jitter_p99_ms = 0;  // |arrival - nominal|, in steps of 0.1 up to 1000
  bool answers = true;     // the newest wait brought its reading: else it is on its shadow
  std::string last_error;  // of the newest failed poll
};

class MeterPoller {
 public:
  using RealTime = std::chrono::steady_clock::time_point;

  // What a map lacks for a field host; empty where it lacks nothing.
  static std::string lack_of(const DeviceMap& map);

  // Connects, sets the meter's clock to `at` and starts polling. An error names what is wrong with
  // the map, the connection or the meter. Takes at most a few timeouts.
  static tl::expected<std::unique_ptr<MeterPoller>, std::string> start(const PollerOptions& options,
                                                                       ledger::Instant at);
  ~MeterPoller();  // within two timeouts

  // The reading of `sequence`, as soon as it has arrived; nothing when the deadline has passed
  // or when that reading is lost for good. Sequences must be asked for in rising order: earlier
  // readings are dropped.
  std::optional<MeterReading> wait_for(std::uint32_t sequence, RealTime deadline);

  PollerCounts counts() const;

 private:
  MeterPoller(const PollerOptions& options, ledger::Instant at);
  void run(const std::stop_token& stop);
  void poll();
  tl::expected<MeterReading, std::string> fetch(std::uint16_t address);
  tl::expected<void, std::string> set_clock(ledger::Instant to);
  std::vector<MeterReading> missed_before(const MeterReading& newest);
  void hand_over(std::vector<MeterReading> readings, RealTime arrival);
  void restarted();
  ledger::Instant nominal_end(std::uint32_t sequence) const;
  RealTime nominal(std::uint32_t sequence) const;
  ledger::Instant host_time(RealTime now) const;
  RealTime next_poll() const;

  const PollerOptions options_;
  ModbusMeterReader reader_;    // of the thread, once it runs
  ledger::Instant started_at_;  // simulated ...
  RealTime started_real_;       // ... and real
  std::uint32_t last_ = 0;      // newest sequence taken; of the thread
  RealTime clock_set_real_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::condition_variable_any wake_;
  std::deque<MeterReading> queue_;
  std::uint32_t newest_ = 0;    // of what was ever in the queue
  std::uint32_t given_up_ = 0;  // highest sequence that a wait ended without
  PollerCounts counts_;
  Jitter jitter_;

  std::jthread thread_;  // last: stops before the rest goes
};

}  // namespace hil
