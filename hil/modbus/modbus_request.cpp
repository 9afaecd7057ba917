#include "hil/modbus/modbus_request.hpp"

#include <array>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"

namespace hil {
namespace {

constexpr std::uint8_t read_holding = 3, read_input = 4, write_one = 6, write_many = 16;
constexpr std::size_t max_read = 125, max_write = 123;

ledger::Bytes read_registers(std::uint8_t function, ledger::ByteReader in, RegisterDevice& device) {
  const std::uint16_t address = in.u16();
  const std::size_t count = in.u16();
  if (!in.done() || count == 0 || count > max_read)
    return exception_answer(function, ModbusException::illegal_value);
  std::array<std::uint16_t, max_read> found{};
  const auto registers = std::span(found).first(count);
  if (address + count > 65536 || !device.read(function, address, registers))
    return exception_answer(function, ModbusException::illegal_address);
  ledger::ByteWriter out;
  out.u8(function).u8(static_cast<std::uint8_t>(2 * count));
  for (const std::uint16_t each : registers) out.u16(each);
  return out.take();
}

ledger::Bytes write_register(ledger::ByteReader in, RegisterDevice& device) {
  const std::uint16_t address = in.u16();
  const std::uint16_t value = in.u16();
  if (!in.done()) return exception_answer(write_one, ModbusException::illegal_value);
  const ModbusException code = device.write(address, std::span(&value, 1));
  if (code != ModbusException::none) return exception_answer(write_one, code);
  return ledger::ByteWriter().u8(write_one).u16(address).u16(value).take();
}

ledger::Bytes write_registers(ledger::ByteReader in, RegisterDevice& device) {
  const std::uint16_t address = in.u16();
  const std::uint16_t count = in.u16();
  const std::size_t bytes = in.u8();
  if (in.failed() || count == 0 || count > max_write || bytes != 2u * count || in.left() != bytes)
    return exception_answer(write_many, ModbusException::illegal_value);
  std::array<std::uint16_t, max_write> values{};
  for (std::size_t i = 0; i < count; ++i) values[i] = in.u16();
  if (address + count > 65536)
    return exception_answer(write_many, ModbusException::illegal_address);
  const ModbusException code = device.write(address, std::span(values).first(count));
  if (code != ModbusException::none) return exception_answer(write_many, code);
  return ledger::ByteWriter().u8(write_many).u16(address).u16(count).take();
}

}  // namespace

ledger::Bytes exception_answer(std::uint8_t function, ModbusException code) {
  return {static_cast<std::uint8_t>(function | 0x80), static_cast<std::uint8_t>(code)};
}

ledger::Bytes answer_request(ledger::BytesView pdu, RegisterDevice& device) {
  ledger::invariant(!pdu.empty(), "a request has a function code");
  const std::uint8_t function = pdu[0];
  const ledger::ByteReader rest(pdu.subspan(1));
  switch (function) {
    case read_holding:
    case read_input:
      return read_registers(function, rest, device);
    case write_one:
      return write_register(rest, device);
    case write_many:
      return write_registers(rest, device);
    default:
      return exception_answer(function, ModbusException::illegal_function);
  }
}

}  // namespace hil
