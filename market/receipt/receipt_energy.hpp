#pragma once
// The energy of a slot's statement follows from its marks, and the mark from the readings.

#include "market/receipt/receipt_readings.hpp"

namespace market {

// In words what was metered, and what it is worth.
std::string check_energy(const ReceiptOpenings& openings, const ReceiptReadings& readings,
                         Slot slot, const Genesis& genesis);

}  // namespace market
