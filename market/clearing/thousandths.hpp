#pragma once
// Sums of Wh times micro-euro per kWh, which are thousandths of a micro-euro.

#include "ledger/base/amounts.hpp"

namespace market {

// To the nearest micro-euro, half away from zero.
inline ledger::MicroEuros from_thousandths(ledger::Wide sum) {
  return {static_cast<std::int64_t>((sum + (sum >= 0 ? 500 : -500)) / 1000)};
}

}  // namespace market
