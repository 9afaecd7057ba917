#pragma once
// Reads an order book of one slot from CSV text, which nothing here trusts:
//
//   id,side,agent,bus,kwh,price_eur_per_kwh[,partner][,kind]
//
// A heading names the columns, in any order; then an order a line, in the order of arrival; cells
// as market/clearing/csv_cells.hpp has them, of which optional ones at a line's end may be left
// out. CRLF, a byte-order mark and empty lines are let pass.
//   id       one an order; ties "by rising id" go by numbers before names: whole numbers by value,
//            all others by their bytes. Accounts rise likewise, by their agents' names
//   side     buy or bid, sell or ask or offer; either case
//   agent    whose order it is
//   bus      where it is; may be empty
//   kwh      more than 0, at most 10,000; to the nearest Wh
//   price_eur_per_kwh   the limit, 0 to 100; to the nearest micro-euro
//   partner  the agent that it would rather trade with; another one of this book, or empty
//   kind     green: a seller's energy is, a buyer would rather have such; grey, local (as every
//            order would rather trade on its bus) or empty: nothing more
// Names and ids have at most 64 bytes of UTF-8 without control characters.
//
// A line that holds no order is refused by line, key and what is wrong, and the rest of the book
// stands; a number that was rounded is told likewise. The book is refused as a whole, by
// "file:line: ...", where the heading is wrong, or it has more than 256 MiB or 1,000,000 lines.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.hpp"
#include "market/clearing/order.hpp"

namespace market {

// What is to be told of one line: why it is refused, or how a number of it was rounded.
struct BookRemark {
  std::size_t line = 0;
  std::string id, why;  // why: "kwh: found \"nan\"; wants a number"
};

struct OrderBook {
  std::vector<Order> orders;  // account: a number of the agent's, bus: 1 + its position in `buses`
  std::vector<std::string> ids, agents;  // of each order
  std::vector<std::size_t> lines;        // of each order
  std::vector<std::string> buses;        // by first appearance
  std::vector<BookRemark> refused, rounded;
};

// Refuses the orders for which there is a reason (by order; empty: it stays), each by its line.
void refuse_orders(OrderBook& book, std::span<const std::string> why);

ledger::Result<OrderBook> read_order_book(std::string_view text, const std::string& file);

}  // namespace market
