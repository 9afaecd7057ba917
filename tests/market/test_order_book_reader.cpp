#include <doctest/doctest.h>
#include <tuple>

#include "ledger/base/rng.hpp"
#include "market/clearing/decimal.hpp"
#include "market/clearing/order_book_reader.hpp"
#include "tests/fuzz/order_book_seeds.hpp"

using namespace ledger;
using namespace market;

namespace {

const std::string heading = "id,side,agent,bus,kwh,price_eur_per_kwh,partner,kind\n";

std::string why_refused(const std::string& line) {
  const auto book = read_order_book(heading + line + "\n", "b.csv");
  REQUIRE(book);
  if (book->refused.empty()) return {};
  REQUIRE(book->refused.size() == 1);
  CHECK(book->refused[0].line == 2);
  return book->refused[0].why;
}

std::string why_none(const std::string& text) {
  const auto book = read_order_book(text, "b.csv");
  return book ? std::string() : book.error();
}

struct Read {
  std::int64_t units;
  bool exact;
};
bool operator==(const std::optional<Decimal>& a, const Read& b) {
  return a && a->units == b.units && a->exact == b.exact;
}

}  // namespace

TEST_CASE("decimals are read exactly, or to the nearest unit with a word") {
  CHECK(decimal_of("1", 3) == Read{1000, true});
  CHECK(decimal_of("+1.5", 3) == Read{1500, true});
  CHECK(decimal_of(".5", 3) == Read{500, true});
  CHECK(decimal_of("5.", 0) == Read{5, true});
  CHECK(decimal_of("-0.0005", 3) == Read{-1, false});
  CHECK(decimal_of("0.0004999", 3) == Read{0, false});
  CHECK(decimal_of("0.0005", 3) == Read{1, false});
  CHECK(decimal_of("1.2345", 3) == Read{1235, false});
  CHECK(decimal_of("1.2344999999999999999999999999", 3) == Read{1234, false});
  CHECK(decimal_of("1.2340000000000000000000000000", 3) == Read{1234, true});
  CHECK(decimal_of("000000000000000000000000000001", 0) == Read{1, true});
  CHECK(decimal_of("12e2", 3) == Read{1'200'000, true});
  CHECK(decimal_of("1E-3", 3) == Read{1, true});
  CHECK(decimal_of("1e-4", 3) == Read{0, false});
  CHECK(decimal_of("0.00000000000000000000001e23", 0) == Read{1, true});
  CHECK(decimal_of("0e999999999999999999999", 3) == Read{0, true});
  CHECK(decimal_of("1e-999999999999999999999", 3) == Read{0, false});
  CHECK(decimal_of("1e999999999999999999999", 3) == Read{INT64_MAX, true});
  CHECK(decimal_of("-1e308", 3) == Read{-INT64_MAX, true});
  CHECK(decimal_of("2147483647.999", 3) == Read{2'147'483'647'999, true});
  CHECK(decimal_of("9007199254740993", 0) == Read{9'007'199'254'740'993, true});  // 2^53 + 1
  CHECK(decimal_of("999999999999999999", 0) == Read{999'999'999'999'999'999, true});
  CHECK(decimal_of("9999999999999999999", 0) == Read{INT64_MAX, true});
  for (const char* none :
       {"",    "+",   "-",  ".",  "e1",    "1e",  "1e+",  "1e1.5", "nan",   "inf", "-inf",
        "0x1", "1,5", "1 ", " 1", "1_000", "--1", "1..2", "1.2.3", "1e5e5", "١"})
    CHECK_FALSE(decimal_of(none, 3));
}

TEST_CASE("a line that is no order is refused by key, with what was found") {
  CHECK(why_refused("1,buy,A,b,1,0.2,,").empty());
  CHECK(why_refused("1,BID,A,,0.001,0,,green").empty());
  CHECK(why_refused("1,offer,A,b,10000,100,,grey").empty());
  CHECK(why_refused("1,buy,A,b,10000.0004,100.0000004,,local").empty());
  CHECK(why_refused("1,buys,A,b,1,0.2,,") == "side: found \"buys\"; wants buy or sell");
  CHECK(why_refused("1,buy,A,b,nan,0.2,,") == "kwh: found \"nan\"; wants a number");
  CHECK(why_refused("1,buy,A,b,10000.0005,0.2,,") ==
        "kwh: found \"10000.0005\"; wants at most 10000");
  CHECK(why_refused("1,buy,A,b,-1e-9,0.2,,") == "kwh: found \"-1e-9\"; wants more than 0");
  CHECK(why_refused("1,buy,A,b,9223372036854775807,0.2,,") ==
        "kwh: found \"9223372036854775807\"; wants at most 10000");
  CHECK(why_refused("1,buy,A,b,1,-1e-9,,") == "price_eur_per_kwh: found \"-1e-9\"; wants 0 to 100");
  CHECK(why_refused("1,buy,A,b,1,1e3,,") == "price_eur_per_kwh: found \"1e3\"; wants 0 to 100");
  CHECK(why_refused("1,buy,A,b,1,0.2,B,") == "partner: found \"B\"; wants an agent of this book");
  CHECK(why_refused(",buy,A,b,1,0.2,,") == "id: is empty");
  CHECK(why_refused("1,buy,,b,1,0.2,,") == "agent: is empty");
  CHECK(why_refused("1,buy,A,b,1,0.2").empty());
  CHECK(why_refused("1,buy,A,b,1,0.2,A") ==
        "partner: found \"A\"; wants another agent than its own");
  CHECK(why_refused("1,buy,A,b,1") == "found 5 cells; wants 6 to 8 like the heading");
  CHECK(why_refused("1,buy,A,b,1,0.2,,,").starts_with("found 9 cells"));
  CHECK(why_refused("\"1,buy,A,b,1,0.2,,").starts_with("a quote"));
  CHECK(why_refused("\"1\"x,buy,A,b,1,0.2,,").starts_with("a quote"));
  CHECK(why_refused(std::string(65, 'i') + ",buy,A,b,1,0.2,,").starts_with("id: found"));
  for (const char* name : {"\x01", "\x7f", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xe2\x82", "\xc2\x85"})
    CHECK(why_refused("1,buy," + std::string(name) + ",b,1,0.2,,").starts_with("agent: found"));
  CHECK(why_refused("1,buy,Jürgen 🌞,b,1,0.2,,").empty());
}

TEST_CASE("a heading that is none, and too many orders, refuse the book as a whole") {
  CHECK(why_none("").starts_with("b.csv:1: empty"));
  CHECK(why_none("\n\n \n").starts_with("b.csv:1: empty"));
  CHECK(why_none("id,side,agent,bus,kwh\n")
            .starts_with("b.csv:1: there is no column price_eur_per_kwh"));
  CHECK(why_none("id,side,agent,bus,kwh,price_eur_per_kwh,id\n")
            .starts_with("b.csv:1: id: is there twice"));
  CHECK(why_none("id,side,agent,bus,kwh,price\n").starts_with("b.csv:1: found column \"price\""));
  CHECK(why_none("\n\nid,\"side\n").starts_with("b.csv:3: a quote"));
  CHECK(why_none(std::string(100'000, ',')).starts_with("b.csv:1: found column \"\""));
  std::string many = heading;
  for (std::size_t i = 0; i <= max_orders_a_slot; ++i) many += "x\n";
  CHECK(why_none(many) == "b.csv:1000002: wants at most 1,000,000 orders");
}

TEST_CASE("optional cells are left out at a line's end only") {
  const auto book = read_order_book(
      "id,side,agent,bus,kwh,kind,price_eur_per_kwh\n1,buy,A,b,1,green,0.2\n2,sell,B,b,1,0.1\n",
      "b.csv");
  REQUIRE(book);
  CHECK(book->orders.size() == 1);
  REQUIRE(book->refused.size() == 1);
  CHECK(book->refused[0].why == "found 6 cells; wants 7 like the heading");
}

TEST_CASE("of one id the first order counts, and its accounts, buses and partners are its own") {
  const auto book = read_order_book(heading +
                                        "1,buy,B,n,1,0.2,A,\n1,sell,A,s,2,0.1,,green\n"
                                        "10,sell,A,s,2,0.1,,green\n9,sell,C,n,3,0.1,B,\n",
                                    "b.csv");
  REQUIRE(book);
  REQUIRE(book->orders.size() == 3);
  REQUIRE(book->refused.size() == 1);
  CHECK(book->refused[0].why == "id: \"1\" is on line 2 already");
  const auto& [one, ten, nine] = std::tie(book->orders[0], book->orders[1], book->orders[2]);
  CHECK(one.id < nine.id);
  CHECK(nine.id < ten.id);
  CHECK(one.partner == ten.account);
  CHECK(nine.partner == one.account);
  CHECK(ten.account < one.account);
  CHECK(one.bus == nine.bus);
  CHECK(one.bus != ten.bus);
  CHECK(book->buses == std::vector<std::string>{"n", "s"});
  CHECK(ten.green);
  CHECK_FALSE(one.green);
}

TEST_CASE("orders are refused behind the reading, each by its line, and the rest stands") {
  auto book = read_order_book(heading +
                                  "1,buy,A,n,1,0.2,,\n2,buy,B,n,1,-1,,\n\n3,sell,C,s,1,0.1,,\n"
                                  "4,sell,D,s,1,0.1,,\n",
                              "b.csv");
  REQUIRE(book);
  CHECK(book->lines == std::vector<std::size_t>{2, 5, 6});
  const OrderId last = book->orders[2].id;
  refuse_orders(*book, std::vector<std::string>{"here", "", ""});
  refuse_orders(*book, std::vector<std::string>{"there", ""});
  REQUIRE(book->orders.size() == 1);
  CHECK(book->orders[0].id == last);
  CHECK(book->ids == std::vector<std::string>{"4"});
  CHECK(book->agents == std::vector<std::string>{"D"});
  CHECK(book->lines == std::vector<std::size_t>{6});
  REQUIRE(book->refused.size() == 3);
  CHECK(book->refused[0].why == "here");
  CHECK(book->refused[1].line == 3);
  CHECK(book->refused[2].id == "3");
  CHECK(book->refused[2].why == "there");
}

TEST_CASE("20,000 mangled books are read or refused, and what is read clears") {
  const auto seeds = fuzz::order_book_seeds();
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    std::string text = seeds[rng.below(seeds.size())];
    for (std::uint64_t changes = 1 + rng.below(6); changes > 0 && !text.empty(); --changes) {
      const std::size_t at = rng.below(text.size());
      constexpr std::string_view bytes = ",\"\n\r0159.-+eE naif\xff";
      if (rng.chance(0.3))
        text.erase(at, 1 + rng.below(20));
      else if (rng.chance(0.5))
        text.insert(at, 1, bytes[rng.below(bytes.size())]);
      else
        text[at] =
            rng.chance(0.5) ? bytes[rng.below(bytes.size())] : static_cast<char>(rng.below(256));
    }
    REQUIRE(fuzz::problem_of_book(text).empty());
  }
}
