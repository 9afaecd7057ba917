#pragma once
// A simulated meter on the wire: the served meter, its server and the machine's steady clock.

#include <atomic>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "hil/modbus/modbus_meter_server.hpp"
#include "hil/modbus/served_meter.hpp"

namespace hil {

class MeterService {
 public:
  // Listens when it is made; the meter's clock starts then.
  static tl::expected<std::unique_ptr<MeterService>, std::string> create(
      const DeviceMap& map, std::unique_ptr<SimulatedMeter> meter, double speed,
      const Address& listen, std::uint8_t unit);

  const Address& address() const { return server_->address(); }
  // Returns within a tenth of a second after `stop` became true; at once on a signal that sets it.
  void run(const std::atomic<bool>& stop);

 private:
  MeterService(const DeviceMap& map, std::unique_ptr<SimulatedMeter> meter, double speed);

  ServedMeter meter_;
  std::unique_ptr<ModbusMeterServer> server_;
};

}  // namespace hil
