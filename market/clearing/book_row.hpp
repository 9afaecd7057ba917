#pragma once
// A slot's anonymous book, which stands under the settlement's book root, and in receipts. What its
// rows hold is by the chain's mechanism: what clears the book anew, and nothing that names a home.
//
//   row      side u8, energy i64 (Wh), limit i64, id 16                            33 bytes
//   parties  a row, party u32, partner u32 (2^32 - 1: none), green u8               42 bytes
//   results  a row, fill i64 (Wh), price i64 (micro-euro per kWh; 0 without a fill)  49 bytes
//
// An order's random id blinds its leaf. Rows stand by rising id, in a book of arrivals in the order
// in which they came: by the height of the block that took the order, then by id; orders that
// contracts made come last. Parties number the accounts by their first row, from 0; the partner is
// the party of the account that the order names, if that has a row, and is not its own.

#include <span>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "market/clearing/mechanism.hpp"
#include "market/clearing/order.hpp"

namespace market {

enum class BookForm : std::uint8_t { plain, arrivals, parties, results };

constexpr BookForm book_form(const Acting& acting) {
  if (acting.mechanism == Mechanism::continuous) return BookForm::arrivals;
  if (acting.mechanism == Mechanism::bilateral || acting.key == SharingKey::static_key)
    return BookForm::parties;
  return needs_feeder(acting.mechanism) ? BookForm::results : BookForm::plain;
}
constexpr std::size_t row_size(BookForm form) {
  if (form == BookForm::parties) return 42;
  return form == BookForm::results ? 49 : 33;
}

struct BookRow {
  Order order;  // without slot; of parties, accounts are those of `party_account`
  ledger::WattHours fill;
  ledger::Price price;
};

ledger::AccountId party_account(std::uint32_t party);

// The rows of these orders, which stand as the form has them; without results.
std::vector<BookRow> rows_of(BookForm form, std::span<const Order> orders);

ledger::Bytes book_row(BookForm form, const BookRow& row);
ledger::Result<BookRow> decode_book_row(BookForm form, ledger::BytesView row);
// RFC 6962 root over the rows as they stand.
ledger::Hash book_root(BookForm form, std::span<const BookRow> rows);
// What is wrong with rows that each have their form: their order, parties, fills beyond energies,
// prices beyond limits, sales that are not purchases. Empty: nothing.
std::string broken_book(BookForm form, std::span<const BookRow> rows);

// Of the plain form; the root sorts them by id.
ledger::Bytes book_row(const Order& order);
ledger::Result<Order> decode_book_row(ledger::BytesView row);
ledger::Hash book_root(std::span<const Order> orders);

}  // namespace market
