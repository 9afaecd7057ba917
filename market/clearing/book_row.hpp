#pragma once
// A slot's anonymous book, which stands under the settlement's book root.

#include <span>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "market/order.hpp"

namespace market {

// A row, 33 bytes: side u8, energy i64 (Wh), limit i64, id 16. The random id blinds its leaf.
ledger::Bytes book_row(const Order& order);
ledger::Result<Order> decode_book_row(ledger::BytesView row);  // account and slot are not in it
// RFC 6962 root over the rows in order of their ids.
ledger::Hash book_root(std::span<const Order> orders);

}  // namespace market
