#pragma once
// Listens to one charging station for a field host: a stream of signed records (OCMF), one a line.
//
//   HOST:PORT    a TCP connection that the host opens, and opens again when it is lost
//   /path        a file that grows, from its end on, or a FIFO
//
// A thread of its own waits on the stream, checks each record as it came (station_meter.hpp) and
// keeps what is taken until the host asks for it. Bounds: 64 KiB a line, 256 records, and a
// thousandth of a second a line, so that a flood fills the sender's buffers and not this machine's.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "hil/modbus/address.hpp"
#include "hil/modbus/jitter.hpp"
#include "hil/station/record_lines.hpp"
#include "hil/station/station_meter.hpp"

namespace hil {

struct StationCounts {
  std::uint64_t lines = 0;    // that were heard, whatever stood there
  std::uint64_t lost = 0;     // connections that broke off or could not be made
  std::uint64_t missing = 0;  // numbered records that were not taken (StationMeter::missing)
  std::map<std::string, std::uint64_t> refused;  // lines by reason
  double jitter_p50_ms = 0, jitter_p99_ms = 0;   // |arrival - the record's own time|, real
};

// Where records come from.
using StationSource = std::variant<Address, std::string>;  // ... or a path
ledger::Result<StationSource> parse_source(const std::string& text);

class StationPoller {
 public:
  using RealTime = std::chrono::steady_clock::time_point;

  // Finds out whether the station is there: the error says why not. `speed`: simulated seconds a
  // real second.
  static ledger::Result<std::unique_ptr<StationPoller>> open(StationSource source,
                                                             StationMeter meter, double speed);
  ~StationPoller();  // within a second

  // Listens from now on; `start` is the epoch's real time.
  void begin(RealTime start);

  struct Taken {
    SignedRegisters registers;
    std::string record;  // as it came
  };
  // What was taken up to `end` and not given yet, in order; as soon as something later than `after`
  // was taken, or at the deadline.
  std::vector<Taken> wait_for(ledger::Instant after, ledger::Instant end, RealTime deadline);

  StationCounts counts() const;

 private:
  StationPoller(StationSource source, StationMeter meter, double speed);
  void run(const std::stop_token& stop);
  void pause(const std::stop_token& stop, std::chrono::milliseconds time);
  ledger::Result<void> connect();
  void disconnect();
  bool listen();
  void hear(const RecordLines::Line& line);
  ledger::Instant simulated(RealTime real) const;

  const StationSource source_;
  const double speed_;
  RealTime start_;
  // Of the thread, once it runs.
  StationMeter meter_;
  RecordLines lines_;
  std::deque<RecordLines::Line> heard_;
  int stream_ = -1;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::condition_variable_any wake_;
  std::deque<Taken> taken_;
  StationCounts counts_;
  Jitter jitter_;

  std::jthread thread_;  // last: stops before the rest goes
};

}  // namespace hil
