#include "market/receipt/receipt_clearing.hpp"

#include <algorithm>
#include <map>

#include "market/clearing/book_row.hpp"
#include "market/receipt/receipt_checks.hpp"
#include "market/receipt/receipt_deals.hpp"
#include "market/settlement/slot_clearing.hpp"

namespace market {

namespace {

std::vector<BookRow> read_book(const ReceiptPart& receipt, BookForm form) {
  std::vector<BookRow> book;
  for (const ReceiptPart& row : receipt.list("book")) {
    const auto bytes = from_hex(row.text());
    want(bytes.has_value(), "book row is not lower-case hexadecimal");
    book.push_back(take(decode_book_row(form, *bytes), "book"));
  }
  const std::string broken = broken_book(form, book);
  want(broken.empty(), "book " + broken);
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

// The rows of the account's orders, one for one; their places in the book.
std::vector<std::size_t> places_of(const std::vector<Order>& own,
                                   const std::vector<BookRow>& book) {
  std::map<OrderId, std::size_t> place_of;
  for (std::size_t i = 0; i < book.size(); ++i) place_of[book[i].order.id] = i;
  std::vector<std::size_t> out;
  for (const Order& o : own) {
    const auto at = place_of.find(o.id);
    const Order* row = at == place_of.end() ? nullptr : &book[at->second].order;
    want(row && row->energy == o.energy && row->limit == o.limit && row->side == o.side &&
             row->green == o.green,
         "an order of the account is not in the book");
    out.push_back(at->second);
  }
  return out;
}

// Of a book of parties: the account's rows are of one, no other row is, and who names one partner
// in two orders has one in both. Which party a partner is, is the validators' word.
void check_parties(const std::vector<Order>& own, const std::vector<std::size_t>& places,
                   const std::vector<BookRow>& book) {
  if (own.empty()) return;
  const AccountId& party = book[places[0]].order.account;
  const auto rows = std::count_if(book.begin(), book.end(),
                                  [&](const BookRow& r) { return r.order.account == party; });
  want(rows == std::ssize(own), "the account's orders are not one party of the book");
  std::map<std::optional<AccountId>, std::optional<AccountId>> partner_of{{std::nullopt, {}}};
  for (std::size_t i = 0; i < own.size(); ++i) {
    const Order& row = book[places[i]].order;
    want(row.account == party, "the account's orders are not one party of the book");
    const auto [at, fresh] = partner_of.try_emplace(own[i].partner, row.partner);
    want(at->second == row.partner, "an order's partner is another one in the book");
  }
}

Contracted contracted_of(const std::vector<Order>& own, const std::vector<std::size_t>& places,
                         const Clearing& clearing) {
  Contracted out;
  for (std::size_t i = 0; i < own.size(); ++i)
    (own[i].side == Side::buy ? out.buy : out.sell) += clearing.fills[places[i]];
  return out;
}

std::vector<Order> orders_in(const std::vector<BookRow>& book) {
  std::vector<Order> out;
  for (const BookRow& row : book) out.push_back(row.order);
  return out;
}

std::string words_of(BookForm form, std::size_t rows, const Clearing& clearing) {
  const std::string price =
      clearing.price ? std::to_string(clearing.price->value) + " micro-EUR/kWh" : "no price";
  if (form == BookForm::results)
    return std::to_string(rows) +
           " orders with their fills and prices; that these are the best ones within the feeder is "
           "the validators' word";
  return std::to_string(rows) + " orders cleared anew: " + price;
}

}  // namespace

std::string check_clearing(const ReceiptPart& receipt, const ReceiptOpenings& openings,
                           const AccountId& account, const Genesis& genesis) {
  const BookForm form = book_form_of(genesis);
  const std::vector<BookRow> book = read_book(receipt, form);
  const SettlementBody& settled = openings.settlement;
  want(book_root(form, book) == settled.book_root && book.size() == settled.orders,
       "book does not hash to the settlement's root");
  const Clearing clearing =
      clear_rows(genesis, tariff_in(genesis, openings.fees, settled.slot), book);
  want(clearing.price == settled.price && clearing.volume == settled.volume,
       "price and volume do not follow from the book");
  const std::vector<Order> own = own_rows(openings, account, settled.slot);
  const std::vector<std::size_t> places = places_of(own, book);
  if (form == BookForm::parties) check_parties(own, places, book);
  const Contracted contracted = contracted_of(own, places, clearing);
  const Statement& s = openings.statement;
  want(s.contracted_buy == contracted.buy && s.contracted_sell == contracted.sell,
       "contracted energy does not follow from the orders' fills");
  want(s.bought <= std::min(contracted.buy, s.imported) &&
           s.sold <= std::min(contracted.sell, s.exported) && s.bought.value >= 0 &&
           s.sold.value >= 0,
       "delivered energy is above what was contracted or metered");
  check_deals(s, own, orders_in(book), clearing);
  return words_of(form, book.size(), clearing);
}

}  // namespace market
