#pragma once
// A simulated meter with a clock of its own, behind the registers of a device map. No socket here:
// the server asks it as a RegisterDevice.
//
// The clock. It starts at 0 ms when the meter is made and advances `speed` simulated seconds a
// second. A reading appears when the clock reaches its nominal time, and stays until the next; all
// appear, in order, also when the clock ran ahead. Before the first one the registers show what it
// will show, under sequence 0 and time 0: a meter that is on has a voltage.
//
// Writing the map's clock register (all its registers in one request) sets the clock, which shows
// the written time when the answer leaves. Setting it back before the newest reading rewinds the
// meter to its epoch, from where it repeats itself up to the written time; so a host that writes 0
// at its start has the meter's first reading at the end of its own first interval, however long the
// meter was on before.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hil/modbus/meter_reading.hpp"
#include "hil/modbus/modbus_request.hpp"
#include "hil/modbus/register_image.hpp"
#include "hil/modbus/simulated_meter.hpp"

namespace hil {

class ServedMeter : public RegisterDevice {
 public:
  // `real_now` is a clock that never goes back. speed > 0.
  ServedMeter(const DeviceMap& map, std::unique_ptr<SimulatedMeter> meter, double speed,
              std::function<ledger::Instant()> real_now);

  // Shows the next reading if its time has come: at most one, so that a meter far behind its clock
  // does not keep clients waiting.
  void advance();
  // Real time until the next reading; not above zero where one is due. Nothing after the end.
  std::optional<ledger::Duration> until_next() const;

  ledger::Instant clock() const;
  tl::expected<void, std::string> set_clock(ledger::Instant meter_time);
  const MeterReading& newest() const { return newest_; }  // sequence 0: none yet

  bool read(int function, std::uint16_t address, std::span<std::uint16_t> out) override;
  ModbusException write(std::uint16_t address, std::span<const std::uint16_t> values) override;

 private:
  void begin();

  RegisterImage image_;
  std::unique_ptr<SimulatedMeter> meter_;
  double speed_;
  std::function<ledger::Instant()> real_now_;
  ledger::Instant set_at_real_, set_to_;
  MeterReading newest_;
  std::optional<MeterReading> coming_;  // worked out ahead of its time
};

}  // namespace hil
