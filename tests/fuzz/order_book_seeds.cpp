#include "tests/fuzz/order_book_seeds.hpp"

#include <algorithm>
#include <set>

#include "market/clearing/clearing.hpp"
#include "market/clearing/order_book_reader.hpp"

namespace fuzz {
namespace {

using namespace market;

std::size_t lines_with_text(std::string_view text) {
  std::size_t lines = 0;
  bool found = false;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (const char c : text) {
    if (c == '\n')
      lines += std::exchange(found, false);
    else if (c != ' ' && c != '\t' && c != '\r')
      found = true;
  }
  return lines + found;
}

std::string problem_of_clearing(const OrderBook& book, Mechanism mechanism) {
  const Clearing c = clear(mechanism, book.orders, {{300'000}, {80'000}});
  ledger::WattHours bought, sold;
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    if (c.fills[i].value < 0 || c.fills[i] > book.orders[i].energy)
      return "a fill beyond its order";
    (book.orders[i].side == Side::buy ? bought : sold) += c.fills[i];
  }
  if (bought != c.volume || sold != c.volume) return "more is sold than bought";
  return {};
}

}  // namespace

std::vector<std::string> order_book_seeds() {
  return {
      "id,side,agent,bus,kwh,price_eur_per_kwh,partner,kind\n"
      "1,sell,Cleo,north,0.5,0.12,,green\n2,buy,Anna,south,0.8,0.22,,\n"
      "3,sell,Dora,south,0.6,0.08,,grey\n4,buy,Ben,north,0.5,0.18,Dora,green\n",
      "id,side,agent,bus,kwh,price_eur_per_kwh\n7,bid,a,,1e-3,.3\n8,ask,\"b\",\"\",10000,0\n"
      "9,buy,c,1,0.1234567,0.0999999999\n",
      "\xef\xbb\xbfkind,partner,price_eur_per_kwh,kwh,bus,agent,side,id\r\n"
      "green,\"x \"\"y\"\"\",100,1,b,\"x "
      "\"\"y\"\"\",OFFER,\"1,2\"\r\n\r\n,,99.999999,2,b,z,Buy,3\r\n"};
}

std::string problem_of_book(std::string_view text) {
  const auto book = read_order_book(text, "input");
  if (!book) return book.error().starts_with("input:") ? "" : "a message without its file";
  const std::size_t orders = book->orders.size();
  if (book->ids.size() != orders || book->agents.size() != orders) return "an order without a name";
  if (orders + book->refused.size() + 1 != lines_with_text(text)) return "a line was lost";
  std::set<OrderId> ids;
  for (const Order& o : book->orders) {
    if (!within_bounds(o)) return "an order beyond its bounds";
    if (!ids.insert(o.id).second) return "an id that is there twice";
    if (o.bus > book->buses.size()) return "a bus without a name";
  }
  for (const std::string_view name : mechanism_names)
    if (const auto mechanism = mechanism_named(name).value(); !needs_feeder(mechanism))
      if (const std::string problem = problem_of_clearing(*book, mechanism); !problem.empty())
        return std::string(name) + ": " + problem;
  return {};
}

}  // namespace fuzz
