#include "hil/modbus/register_value.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

#include "ledger/base/invariant.hpp"

namespace hil {
namespace {

bool is_signed(RegisterType type) {
  return type == RegisterType::i16 || type == RegisterType::i32 || type == RegisterType::i64;
}

std::uint64_t mask_of(RegisterType type) { return UINT64_MAX >> (64 - 16 * registers_of(type)); }

// Where the register of weight `word` (0 is the lowest) stands among `count`.
std::size_t place_of(WordOrder order, std::size_t word, std::size_t count) {
  return order == WordOrder::high_first ? count - 1 - word : word;
}

double raw_number(RegisterType type, std::uint64_t bits) {
  switch (type) {
    case RegisterType::u16:
    case RegisterType::u32:
    case RegisterType::u64:
      return static_cast<double>(bits);
    case RegisterType::i16:
      return static_cast<std::int16_t>(bits);
    case RegisterType::i32:
      return static_cast<std::int32_t>(bits);
    case RegisterType::i64:
      return static_cast<double>(static_cast<std::int64_t>(bits));
    case RegisterType::f32:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case RegisterType::f64:
      return std::bit_cast<double>(bits);
  }
  ledger::invariant(false, "a register type that does not exist");
  return 0;
}

// The nearest integer that the register can hold.
std::uint64_t integer_bits(RegisterType type, double number) {
  const double rounded = std::round(number);
  if (is_signed(type)) {
    const auto high = static_cast<std::int64_t>(mask_of(type) >> 1);
    const std::int64_t low = -high - 1;
    if (rounded >= static_cast<double>(high)) return static_cast<std::uint64_t>(high);
    if (rounded <= static_cast<double>(low)) return static_cast<std::uint64_t>(low) & mask_of(type);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(rounded)) & mask_of(type);
  }
  if (rounded <= 0) return 0;
  if (rounded >= static_cast<double>(mask_of(type))) return mask_of(type);
  return static_cast<std::uint64_t>(rounded);
}

std::string hex_text(std::uint64_t bits, int registers) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%0*llX", 4 * registers,
                static_cast<unsigned long long>(bits));
  return text;
}

}  // namespace

std::uint64_t bits_of(const MappedValue& value, std::span<const std::uint16_t> registers) {
  ledger::invariant(registers.size() == static_cast<std::size_t>(registers_of(value)),
                    "a value has as many registers as its type");
  std::uint64_t bits = 0;
  for (std::size_t word = registers.size(); word-- > 0;)
    bits = (bits << 16) | registers[place_of(value.word_order, word, registers.size())];
  return bits;
}

void put_bits(const MappedValue& value, std::uint64_t bits, std::span<std::uint16_t> registers) {
  ledger::invariant(registers.size() == static_cast<std::size_t>(registers_of(value)),
                    "a value has as many registers as its type");
  for (std::size_t word = 0; word < registers.size(); ++word, bits >>= 16)
    registers[place_of(value.word_order, word, registers.size())] =
        static_cast<std::uint16_t>(bits);
}

tl::expected<double, std::string> number_of(const MappedValue& value, std::uint64_t bits) {
  if (value.missing && bits == *value.missing)
    return tl::unexpected(value.name + ": not implemented by the device (" +
                          hex_text(bits, registers_of(value)) + ")");
  const double raw = raw_number(value.type, bits);
  if (!std::isfinite(raw))
    return tl::unexpected(value.name + ": not a finite number (" +
                          hex_text(bits, registers_of(value)) + ")");
  return value.sign * value.scale * raw;
}

std::uint64_t bits_showing(const MappedValue& value, double base_units) {
  const double number = value.sign * (base_units / value.base_per_unit) / value.scale;
  if (value.type == RegisterType::f64) return std::bit_cast<std::uint64_t>(number);
  if (value.type == RegisterType::f32) {
    const double end = std::numeric_limits<float>::max();
    const double held = std::isfinite(number) ? std::clamp(number, -end, end) : number;
    return std::bit_cast<std::uint32_t>(static_cast<float>(held));
  }
  if (!std::isfinite(number)) return value.missing.value_or(mask_of(value.type));
  return integer_bits(value.type, number);
}

}  // namespace hil
