#pragma once
// A simulated meter as a charging station on the wire: every interval it signs a record of its
// registers (OCMF, a transaction that goes on since the record before) and writes it, one a line,
// to all who are connected.
//
// The clock. It begins with the first client, and anew with each further one until a first record
// was sent: so a host that connects when it starts has records of its own time. It then advances
// `speed` simulated seconds a second, whoever comes and goes. Who connects later gets what is
// signed from then on; a client that does not take its records is dropped. 8 clients at most.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hil/modbus/address.hpp"
#include "hil/modbus/simulated_meter.hpp"
#include "ledger/crypto/ecdsa.hpp"
#include "ledger/ocmf/ocmf_writer.hpp"

namespace hil {

struct ServedStation {
  ledger::EcdsaKey key;
  std::string serial;                      // MS
  std::optional<ledger::CivilTime> epoch;  // none: the wall clock's time when its own begins
  ledger::Duration interval;               // between records, simulated
  double speed = 1;
};

class StationService {
 public:
  static ledger::Result<std::unique_ptr<StationService>> create(
      std::unique_ptr<SimulatedMeter> meter, ServedStation station, const Address& listen);
  ~StationService();

  const Address& address() const { return address_; }
  // Returns within a tenth of a second after `stop` became true; at once on a signal that sets it.
  // Fails where the meter cannot begin anew.
  ledger::Result<void> run(const std::atomic<bool>& stop);

 private:
  using RealTime = std::chrono::steady_clock::time_point;

  StationService(std::unique_ptr<SimulatedMeter> meter, ServedStation station);
  ledger::Result<void> begin();
  void wait_for_clients(ledger::Duration at_most, bool& came);
  ledger::Duration until_next() const;
  ledger::Result<void> advance();
  ledger::Result<std::string> record_of(const MeterReading& reading);
  void send_all(const std::string& line);

  std::unique_ptr<SimulatedMeter> meter_;
  ServedStation station_;
  Address address_;
  int socket_ = -1;
  std::vector<int> clients_;
  bool runs_ = false;  // the clock
  RealTime began_;
  ledger::CivilTime epoch_;
  std::optional<MeterReading> coming_;
  std::optional<ledger::Reading> before_;  // of the last record
  ledger::Instant due_;
  std::uint64_t page_ = 0;
};

}  // namespace hil
