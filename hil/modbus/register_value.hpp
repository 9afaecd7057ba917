#pragma once
// A mapped value between its registers and its number. The bits are the registers put together in
// the map's word order, as an unsigned integer of the value's width.

#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>

#include "hil/modbus/device_map.hpp"

namespace hil {

// `registers` holds exactly registers_of(value) of them.
std::uint64_t bits_of(const MappedValue& value, std::span<const std::uint16_t> registers);
void put_bits(const MappedValue& value, std::uint64_t bits, std::span<std::uint16_t> registers);

// In the map's unit. An error where the bits are the map's "not implemented" pattern, or a float
// that is not a finite number.
tl::expected<double, std::string> number_of(const MappedValue& value, std::uint64_t bits);

// The bits that show a number of base units (W, V, mWh, ...), rounded to the register's resolution.
// A number outside the register's range stops at its end, as a display does; one that is not finite
// is passed on in float registers and shown as "not implemented" (all ones where the map has no
// pattern) in integer ones.
std::uint64_t bits_showing(const MappedValue& value, double base_units);

}  // namespace hil
