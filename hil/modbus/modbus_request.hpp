#pragma once
// One Modbus request against one device, as bytes in and bytes out: no socket, so that every
// malformed request can be tried. Functions 3, 4, 6 and 16 of the Modbus Application Protocol
// Specification V1.1b3 (sections 6.3, 6.4, 6.6, 6.12); any other answers exception 1.

#include <cstdint>
#include <span>

#include "ledger/base/bytes.hpp"

namespace hil {

enum class ModbusException : std::uint8_t {
  none = 0,
  illegal_function = 1,
  illegal_address = 2,
  illegal_value = 3,
  device_failure = 4,
  target_silent = 11,  // a gateway's answer for a unit that it does not have
};

// What stands behind a Modbus server.
class RegisterDevice {
 public:
  virtual ~RegisterDevice() = default;
  // False where one of the registers does not exist. At most 125 of them.
  virtual bool read(int function, std::uint16_t address, std::span<std::uint16_t> out) = 0;
  // Holding registers, all or none. At most 123 of them.
  virtual ModbusException write(std::uint16_t address, std::span<const std::uint16_t> values) = 0;
};

// `pdu` starts with the function code (at least one byte); so does the answer.
ledger::Bytes answer_request(ledger::BytesView pdu, RegisterDevice& device);
ledger::Bytes exception_answer(std::uint8_t function, ModbusException code);

}  // namespace hil
