#pragma once
// Energy and money that are hashed, signed, voted on or settled: integers, never floats.

#include <compare>
#include <cstdint>

#include "ledger/base/invariant.hpp"

namespace ledger {

// A strong 64-bit amount of one unit. Overflow is a broken invariant.
template <class Unit>
struct Amount {
  std::int64_t value = 0;
  auto operator<=>(const Amount&) const = default;

  friend Amount operator+(Amount a, Amount b) {
    Amount out;
    invariant(!__builtin_add_overflow(a.value, b.value, &out.value), "amount overflow");
    return out;
  }
  friend Amount operator-(Amount a, Amount b) {
    Amount out;
    invariant(!__builtin_sub_overflow(a.value, b.value, &out.value), "amount overflow");
    return out;
  }
  Amount& operator+=(Amount b) { return *this = *this + b; }
  Amount& operator-=(Amount b) { return *this = *this - b; }
  Amount operator-() const { return Amount{} - *this; }
};

using WattHours = Amount<struct WattHourUnit>;
using MilliWattHours = Amount<struct MilliWattHourUnit>;
using MicroEuros = Amount<struct MicroEuroUnit>;
using Price = Amount<struct MicroEuroPerKwhUnit>;  // micro-euro per kWh

// Registers are in mWh, settlement in Wh. Truncating the register, not the difference, makes the
// slots' differences telescope: no energy is lost or made between slots. register >= 0.
inline WattHours whole_watt_hours(MilliWattHours reg) { return {reg.value / 1000}; }

__extension__ typedef __int128 Wide;

// a * b / divisor with a 128-bit intermediate, rounded half away from zero; divisor > 0.
inline std::int64_t mul_div_round(std::int64_t a, std::int64_t b, std::int64_t divisor) {
  invariant(divisor > 0, "division by a number that is not positive");
  const Wide product = static_cast<Wide>(a) * b;
  const Wide half = divisor / 2;
  const Wide rounded = (product >= 0 ? product + half : product - half) / divisor;
  invariant(rounded <= INT64_MAX && rounded >= INT64_MIN, "amount overflow");
  return static_cast<std::int64_t>(rounded);
}

// What an energy costs at a price: half a micro-euro is rounded away from zero.
inline MicroEuros cost_of(WattHours energy, Price price) {
  return {mul_div_round(energy.value, price.value, 1000)};
}

}  // namespace ledger
