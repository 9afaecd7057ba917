#pragma once
// Reads a meter over Modbus/TCP by its device map, through libmodbus' client.
//
// Nothing blocks longer than twice the timeout (connect, then one request), but for the system's
// look-up of a host's name. After any failure but a device's own exception answer the connection is
// closed and the next call opens a new one: a late answer dies with its connection and can never be
// taken for the answer to a later request. Transaction ids are checked besides.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "hil/modbus/address.hpp"
#include "hil/modbus/device_map.hpp"
#include "hil/modbus/modbus_request.hpp"
#include "ledger/base/time.hpp"

struct _modbus;

namespace hil {

struct ModbusError {
  enum class Kind : std::uint8_t { unreachable, timeout, exception, bad_answer };
  Kind kind = Kind::unreachable;
  ModbusException exception = ModbusException::none;  // where the device answered with one
  std::string message;                                // names address, registers and reason
};

struct ReadValue {
  const MappedValue* value;                  // of the map that was read
  std::vector<std::uint16_t> registers;      // empty where the device has no such register
  tl::expected<double, std::string> number;  // in the map's unit
};

class ModbusMeterReader {
 public:
  ModbusMeterReader(Address address, std::uint8_t unit, ledger::Duration timeout);
  ~ModbusMeterReader();
  ModbusMeterReader(ModbusMeterReader&&) noexcept;

  // 1 to 125 registers in one request.
  tl::expected<std::vector<std::uint16_t>, ModbusError> read(int function, std::uint16_t address,
                                                             int count);
  // Function 16, 1 to 123 registers.
  tl::expected<void, ModbusError> write(std::uint16_t address,
                                        std::span<const std::uint16_t> registers);

  // Every value of the map, in its order; neighbours are read in one request. A register that the
  // device does not have, a "not implemented" pattern or a NaN spoils its own value only. The map
  // must outlive the values.
  tl::expected<std::vector<ReadValue>, ModbusError> read(const DeviceMap& map);

  bool connected() const { return context_ != nullptr; }

 private:
  struct Close {
    void operator()(_modbus* context) const;
  };
  tl::expected<void, ModbusError> connect();
  ModbusError failed(const std::string& what);

  Address address_;
  std::uint8_t unit_;
  ledger::Duration timeout_;
  std::unique_ptr<_modbus, Close> context_;
};

}  // namespace hil
