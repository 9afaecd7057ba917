#pragma once
// What a slot's market made of the account's orders: its anonymous book cleared anew.

#include "market/receipt/receipt_openings.hpp"

namespace market {

// In words how many orders were cleared, and the price.
std::string check_clearing(const ReceiptPart& receipt, const ReceiptOpenings& openings,
                           const AccountId& account, const Genesis& genesis);

}  // namespace market
