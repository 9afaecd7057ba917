#pragma once
// The money of a slot's statement: each amount recomputed, and the bill line by line.

#include "market/receipt/receipt_openings.hpp"

namespace market {

void check_tariff(const ReceiptOpenings& openings, const Genesis& genesis);

void check_bill(const ReceiptPart& receipt, const ReceiptOpenings& openings,
                const Genesis& genesis);

}  // namespace market
