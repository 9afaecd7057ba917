#include "hil/modbus/modbus_meter_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <modbus/modbus.h>
#include <optional>
#include <unistd.h>

#include "hil/modbus/register_value.hpp"
#include "hil/modbus/tcp_socket.hpp"
#include "ledger/base/invariant.hpp"

namespace hil {
namespace {

bool is_exception(int error) {
  return error > MODBUS_ENOBASE && error < MODBUS_ENOBASE + MODBUS_EXCEPTION_MAX;
}

// Values whose registers touch, read in one request.
struct Span {
  int function;
  std::uint16_t address;
  int count;
};

std::vector<Span> spans_of(const DeviceMap& map) {
  std::vector<Span> singles;
  for (const MappedValue& value : map.values)
    singles.push_back({value.function, value.address, registers_of(value)});
  std::sort(singles.begin(), singles.end(), [](const Span& a, const Span& b) {
    return std::pair(a.function, a.address) < std::pair(b.function, b.address);
  });
  std::vector<Span> out;
  for (const Span& next : singles) {
    Span* last = out.empty() ? nullptr : &out.back();
    if (last && last->function == next.function && last->address + last->count == next.address &&
        last->count + next.count <= MODBUS_MAX_READ_REGISTERS)
      last->count += next.count;
    else
      out.push_back(next);
  }
  return out;
}

bool holds(const Span& span, const MappedValue& value) {
  return span.function == value.function && span.address <= value.address &&
         value.address + registers_of(value) <= span.address + span.count;
}

ReadValue value_in(const MappedValue& value, std::span<const std::uint16_t> registers) {
  return {
      &value, {registers.begin(), registers.end()}, number_of(value, bits_of(value, registers))};
}

}  // namespace

void ModbusMeterReader::Close::operator()(_modbus* context) const {
  modbus_close(context);
  modbus_free(context);
}

ModbusMeterReader::ModbusMeterReader(Address address, std::uint8_t unit, ledger::Duration timeout)
    : address_(std::move(address)), unit_(unit), timeout_(timeout) {
  ledger::invariant(timeout.ns > 0, "a reader's timeout is above zero");
}
ModbusMeterReader::~ModbusMeterReader() = default;
ModbusMeterReader::ModbusMeterReader(ModbusMeterReader&&) noexcept = default;

tl::expected<void, ModbusError> ModbusMeterReader::connect() {
  if (context_) return {};
  const auto unreachable = [this](const std::string& reason) {
    return tl::unexpected(ModbusError{ModbusError::Kind::unreachable, ModbusException::none,
                                      to_text(address_) + ": cannot connect: " + reason});
  };
  const auto fd = connect_to(address_, timeout_);
  if (!fd) return unreachable(fd.error());
  std::unique_ptr<_modbus, Close> context(modbus_new_tcp(nullptr, 0));
  if (!context) {
    close(*fd);
    return unreachable(modbus_strerror(errno));
  }
  modbus_set_socket(context.get(), *fd);
  const auto us = static_cast<std::uint32_t>(timeout_.ns / 1000 % 1'000'000);
  const auto s = static_cast<std::uint32_t>(timeout_.ns / 1'000'000'000);
  // A byte timeout of zero makes the response timeout cover the whole answer.
  if (modbus_set_slave(context.get(), unit_) != 0 ||
      modbus_set_response_timeout(context.get(), s, us) != 0 ||
      modbus_set_byte_timeout(context.get(), 0, 0) != 0)
    return unreachable(modbus_strerror(errno));
  context_ = std::move(context);
  return {};
}

// The error that libmodbus left in errno.
ModbusError ModbusMeterReader::failed(const std::string& what) {
  const int error = errno;
  ModbusError out;
  out.message = to_text(address_) + " unit " + std::to_string(unit_) + ", " + what + ": " +
                modbus_strerror(error);
  if (is_exception(error)) {
    out.kind = ModbusError::Kind::exception;
    out.exception = static_cast<ModbusException>(error - MODBUS_ENOBASE);
    return out;
  }
  out.kind = error == ETIMEDOUT        ? ModbusError::Kind::timeout
             : error >= MODBUS_ENOBASE ? ModbusError::Kind::bad_answer
                                       : ModbusError::Kind::unreachable;
  context_.reset();
  return out;
}

tl::expected<std::vector<std::uint16_t>, ModbusError> ModbusMeterReader::read(int function,
                                                                              std::uint16_t address,
                                                                              int count) {
  ledger::invariant(count >= 1 && count <= MODBUS_MAX_READ_REGISTERS, "1 to 125 registers");
  if (const auto ready = connect(); !ready) return tl::unexpected(ready.error());
  std::vector<std::uint16_t> out(static_cast<std::size_t>(count));
  const auto call = function == 4 ? modbus_read_input_registers : modbus_read_registers;
  if (call(context_.get(), address, count, out.data()) == count) return out;
  return tl::unexpected(failed("function " + std::to_string(function) + " register " +
                               std::to_string(address) + " count " + std::to_string(count)));
}

tl::expected<void, ModbusError> ModbusMeterReader::write(std::uint16_t address,
                                                         std::span<const std::uint16_t> registers) {
  const int count = static_cast<int>(registers.size());
  ledger::invariant(count >= 1 && count <= MODBUS_MAX_WRITE_REGISTERS, "1 to 123 registers");
  if (const auto ready = connect(); !ready) return tl::unexpected(ready.error());
  if (modbus_write_registers(context_.get(), address, count, registers.data()) == count) return {};
  return tl::unexpected(failed("function 16 register " + std::to_string(address) + " count " +
                               std::to_string(count)));
}

tl::expected<std::vector<ReadValue>, ModbusError> ModbusMeterReader::read(const DeviceMap& map) {
  std::vector<std::optional<ReadValue>> found(map.values.size());
  for (const Span& span : spans_of(map)) {
    const auto block = read(span.function, span.address, span.count);
    if (!block && block.error().kind != ModbusError::Kind::exception)
      return tl::unexpected(block.error());
    if (!block && block.error().exception == ModbusException::target_silent)
      return tl::unexpected(block.error());
    for (std::size_t i = 0; i < found.size(); ++i) {
      const MappedValue& value = map.values[i];
      if (!holds(span, value)) continue;
      if (block) {
        const auto words =
            std::span(*block).subspan(static_cast<std::size_t>(value.address - span.address),
                                      static_cast<std::size_t>(registers_of(value)));
        found[i] = value_in(value, words);
        continue;
      }
      // The device refused the block: perhaps one of its values only.
      const auto alone = read(value.function, value.address, registers_of(value));
      if (!alone && alone.error().kind != ModbusError::Kind::exception)
        return tl::unexpected(alone.error());
      found[i] = alone ? value_in(value, *alone)
                       : ReadValue{&value, {}, tl::unexpected(alone.error().message)};
    }
  }
  std::vector<ReadValue> out;
  for (auto& each : found) out.push_back(std::move(*each));
  return out;
}

}  // namespace hil
