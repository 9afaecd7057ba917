#include "market/receipt/receipt_clearing.hpp"

#include <algorithm>

#include "market/clearing/book_row.hpp"
#include "market/receipt/receipt_checks.hpp"
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

Contracted contracted_of(const std::vector<SignedOrder>& own, const AccountId& account,
                         const std::vector<Order>& book, const Clearing& clearing) {
  Contracted out;
  for (const SignedOrder& o : own) {
    const OrderId id = row_id(account, o.order.id);
    const auto row =
        std::find_if(book.begin(), book.end(), [&](const Order& any) { return any.id == id; });
    want(row != book.end() && row->energy == o.order.energy && row->limit == o.order.limit &&
             row->side == o.order.side,
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
  const Contracted contracted = contracted_of(openings.orders, account, book, clearing);
  const Statement& s = openings.statement;
  want(s.contracted_buy == contracted.buy && s.contracted_sell == contracted.sell,
       "contracted energy does not follow from the orders' fills");
  want(s.bought <= std::min(contracted.buy, s.imported) &&
           s.sold <= std::min(contracted.sell, s.exported) && s.bought.value >= 0 &&
           s.sold.value >= 0,
       "delivered energy is above what was contracted or metered");
  return std::to_string(book.size()) + " orders cleared anew: " +
         (clearing.price ? std::to_string(clearing.price->value) + " micro-EUR/kWh" : "no price");
}

}  // namespace market
