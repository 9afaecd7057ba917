#include "market/receipt/receipt_clearing.hpp"

#include <algorithm>

#include "market/clearing/book_row.hpp"
#include "market/receipt/receipt_checks.hpp"
#include "market/receipt/receipt_deals.hpp"
#include "market/tariff.hpp"

namespace market {

namespace {

std::vector<Order> read_book(const ReceiptPart& receipt) {
  std::vector<Order> book;
  for (const ReceiptPart& row : receipt.list("book")) {
    const auto bytes = from_hex(row.text());
    want(bytes.has_value(), "book row is not lower-case hexadecimal");
    book.push_back(take(decode_book_row(*bytes), "book"));
    want(book.size() < 2 || book[book.size() - 2].id < book.back().id,
         "book is not in order of ids");
  }
  return book;
}

struct Contracted {
  WattHours buy, sell;
};

// The account's rows: its orders, and what its contracts make of what was metered.
std::vector<Order> own_rows(const ReceiptOpenings& o, const AccountId& account, Slot slot) {
  std::vector<Order> out;
  for (const SignedOrder& own : o.orders) {
    out.push_back(own.order);
    out.back().id = row_id(account, own.order.id);
  }
  std::vector<const Contract*> standing;
  for (const Contract& c : o.contracts) standing.push_back(&c);
  const Statement& s = o.statement;
  const SlotPosition metered{account, s.meter,    s.imported, s.exported, {},
                             {},      s.standing, s.since,    false};
  const auto made = contract_orders(standing, metered, out, slot);
  out.insert(out.end(), made.begin(), made.end());
  return out;
}

Contracted contracted_of(const std::vector<Order>& own, const std::vector<Order>& book,
                         const Clearing& clearing) {
  Contracted out;
  for (const Order& o : own) {
    const auto row = std::lower_bound(book.begin(), book.end(), o.id,
                                      [](const Order& any, OrderId id) { return any.id < id; });
    want(row != book.end() && row->id == o.id && row->energy == o.energy && row->limit == o.limit &&
             row->side == o.side,
         "an order of the account is not in the book");
    (row->side == Side::buy ? out.buy : out.sell) +=
        clearing.fills[static_cast<std::size_t>(row - book.begin())];
  }
  return out;
}

}  // namespace

std::string check_clearing(const ReceiptPart& receipt, const ReceiptOpenings& openings,
                           const AccountId& account, const Genesis& genesis) {
  const std::vector<Order> book = read_book(receipt);
  const SettlementBody& settled = openings.settlement;
  want(book_root(book) == settled.book_root && book.size() == settled.orders,
       "book does not hash to the settlement's root");
  const Clearing clearing = clear_under(genesis, book);
  want(clearing.price == settled.price && clearing.volume == settled.volume,
       "price and volume do not follow from the book");
  const std::vector<Order> own = own_rows(openings, account, settled.slot);
  const Contracted contracted = contracted_of(own, book, clearing);
  const Statement& s = openings.statement;
  want(s.contracted_buy == contracted.buy && s.contracted_sell == contracted.sell,
       "contracted energy does not follow from the orders' fills");
  want(s.bought <= std::min(contracted.buy, s.imported) &&
           s.sold <= std::min(contracted.sell, s.exported) && s.bought.value >= 0 &&
           s.sold.value >= 0,
       "delivered energy is above what was contracted or metered");
  check_deals(s, own, book, clearing);
  return std::to_string(book.size()) + " orders cleared anew: " +
         (clearing.price ? std::to_string(clearing.price->value) + " micro-EUR/kWh" : "no price");
}

}  // namespace market
