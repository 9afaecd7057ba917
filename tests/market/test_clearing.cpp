#include <doctest/doctest.h>
#include <map>
#include <optional>

#include "ledger/merkle/log_tree.hpp"
#include "market/clearing/book_row.hpp"
#include "market/clearing/clearing.hpp"
#include "tests/market/book_support.hpp"

using namespace ledger;
using namespace market;
using namespace market_test;

namespace {

std::vector<std::int64_t> fills(const Clearing& c) {
  std::vector<std::int64_t> out;
  for (const WattHours f : c.fills) out.push_back(f.value);
  return out;
}

// The volume and welfare of a book by trying, Wh by Wh, nothing cleverer than the definition:
// every single Wh of demand and supply as a unit of its own.
struct Units {
  std::vector<std::int64_t> bids, asks;  // best first
};

Units units_of(const std::vector<Order>& orders) {
  Units u;
  for (const Order& o : orders)
    for (std::int64_t i = 0; i < o.energy.value; ++i)
      (o.side == Side::buy ? u.bids : u.asks).push_back(o.limit.value);
  std::sort(u.bids.rbegin(), u.bids.rend());
  std::sort(u.asks.begin(), u.asks.end());
  return u;
}

std::size_t unit_volume(const Units& u) {
  std::size_t v = 0;
  while (v < u.bids.size() && v < u.asks.size() && u.bids[v] >= u.asks[v]) ++v;
  return v;
}

// The middle of the marginal range, rounded down.
std::int64_t unit_price(const Units& u, std::size_t v) {
  std::int64_t low = u.asks[v - 1], high = u.bids[v - 1];
  if (v < u.bids.size()) low = std::max(low, u.bids[v]);
  if (v < u.asks.size()) high = std::min(high, u.asks[v]);
  return (low + high) / 2;
}

// The best assignment of units to each other by exhaustive search over subsets of sellers for each
// buyer in turn: knows nothing of merit order. In thousandths of a micro-euro.
std::int64_t best_matching(const std::vector<Order>& orders, std::vector<std::int64_t>& left,
                           std::size_t buyer, std::size_t seller) {
  if (buyer == orders.size()) return 0;
  if (orders[buyer].side == Side::sell || seller == orders.size())
    return best_matching(orders, left, buyer + 1, 0);
  std::int64_t best = best_matching(orders, left, buyer, seller + 1);
  if (orders[seller].side == Side::buy) return best;
  const std::int64_t gain = orders[buyer].limit.value - orders[seller].limit.value;
  const std::int64_t most = std::min(left[buyer], left[seller]);
  for (std::int64_t q = 1; q <= most; ++q) {
    left[buyer] -= q;
    left[seller] -= q;
    best = std::max(best, q * gain + best_matching(orders, left, buyer, seller + 1));
    left[buyer] += q;
    left[seller] += q;
  }
  return best;
}

std::int64_t best_welfare(const std::vector<Order>& orders) {
  std::vector<std::int64_t> left;
  for (const Order& o : orders) left.push_back(o.energy.value);
  return (best_matching(orders, left, 0, 0) + 500) / 1000;
}

// Everything that the header promises of fills, for any book.
void check_fills(const std::vector<Order>& orders, const Clearing& c) {
  WattHours bought, sold;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const Order& o = orders[i];
    const WattHours fill = c.fills[i];
    REQUIRE(fill.value >= 0);
    REQUIRE(fill <= o.energy);
    (o.side == Side::buy ? bought : sold) += fill;
    if (fill.value == 0) continue;
    REQUIRE(c.price);
    REQUIRE((o.side == Side::buy ? o.limit >= *c.price : o.limit <= *c.price));
  }
  REQUIRE(bought == c.volume);
  REQUIRE(sold == c.volume);
  // Nobody with a better limit gets less of what it wanted than somebody with a worse one.
  for (std::size_t i = 0; i < orders.size(); ++i)
    for (std::size_t j = 0; j < orders.size(); ++j) {
      if (orders[i].side != orders[j].side || c.fills[j].value == 0) continue;
      const bool better = orders[i].side == Side::buy ? orders[i].limit > orders[j].limit
                                                      : orders[i].limit < orders[j].limit;
      if (better) REQUIRE(c.fills[i] == orders[i].energy);
      if (orders[i].limit == orders[j].limit) {  // shares in proportion, to less than a Wh
        const auto cross_difference = static_cast<Wide>(c.fills[i].value) * orders[j].energy.value -
                                      static_cast<Wide>(c.fills[j].value) * orders[i].energy.value;
        const Wide bound = orders[i].energy.value + orders[j].energy.value;
        REQUIRE(cross_difference < bound);
        REQUIRE(cross_difference > -bound);
      }
    }
}

}  // namespace

TEST_CASE("no order, one side only, or limits that do not cross: no trade and no price") {
  const std::vector<std::vector<Order>> books{
      {},
      {buy(1, 100, 300'000)},
      {sell(1, 100, 0)},
      {buy(1, 100, 300'000), buy(2, 100, 1)},
      {buy(1, 100, 99'999), sell(2, 100, 100'000)},
      {buy(1, 100, 0), buy(2, 5, 10), sell(3, 100, 11), sell(4, 1, max_order_price.value)}};
  for (const auto& book : books) {
    const Clearing c = clear(Mechanism::uniform, book, {});
    CHECK_FALSE(c.price);
    CHECK(c.volume == WattHours{});
    CHECK(fills(c) == std::vector<std::int64_t>(book.size(), 0));
    CHECK(c.welfare == MicroEuros{});
    CHECK(c.optimal_welfare == MicroEuros{});
  }
}

TEST_CASE("the retailer's baseline trades nothing, and says what trade would have been worth") {
  const std::vector<Order> book{buy(1, 1000, 200'000), sell(2, 1000, 100'000)};
  const Clearing c = clear(Mechanism::retailer, book, {});
  CHECK_FALSE(c.price);
  CHECK(fills(c) == std::vector<std::int64_t>{0, 0});
  CHECK(c.welfare == MicroEuros{});
  CHECK(c.optimal_welfare == MicroEuros{100'000});
}

TEST_CASE("mechanisms have the names that the command line gives them, and no others") {
  for (const char* name : {"", "Uniform", "uniform ", "pay_as_bid"})
    CHECK_FALSE(mechanism_named(name));
  for (const auto name : mechanism_names) {
    REQUIRE(mechanism_named(name));
    CHECK(name_of(*mechanism_named(name)) == name);
  }
  CHECK(mechanism_named("grid-aware") == Mechanism::grid_aware);
}

TEST_CASE("the price is the middle of what both marginal sides accept, rounded down") {
  struct Case {
    const char* name;
    std::vector<Order> book;
    std::int64_t price, volume;
    std::vector<std::int64_t> fills;
  };
  const std::vector<Case> cases{
      {"one pair, odd sum", {buy(1, 10, 201), sell(2, 10, 100)}, 150, 10, {10, 10}},
      {"equal limits trade", {buy(1, 10, 100), sell(2, 10, 100)}, 100, 10, {10, 10}},
      {"a buyer in part sets the price", {buy(1, 30, 200), sell(2, 10, 100)}, 200, 10, {10, 10}},
      {"a seller in part sets the price", {buy(1, 10, 200), sell(2, 30, 100)}, 100, 10, {10, 10}},
      {"the first buyer left out lifts the low end",
       {buy(1, 10, 200), buy(2, 10, 160), sell(3, 10, 100)},
       180,
       10,
       {10, 0, 10}},
      {"the first seller left out lowers the high end",
       {buy(1, 10, 200), sell(2, 10, 100), sell(3, 10, 140)},
       120,
       10,
       {10, 10, 0}},
      {"a flat book is shared in proportion",
       {buy(1, 10, 100), buy(2, 20, 100), sell(3, 15, 100)},
       100,
       15,
       {5, 10, 15}},
      {"a remainder goes to the largest fraction",
       {buy(1, 1, 100), buy(2, 2, 100), sell(3, 2, 50)},
       100,
       2,
       {1, 1, 2}},  // 0.67 and 1.33
      {"equal fractions go by rising id",
       {buy(9, 1, 100), buy(2, 1, 100), buy(5, 1, 100), sell(3, 2, 50)},
       100,
       2,
       {0, 1, 1, 2}},
      {"a free seller and a buyer at nothing", {buy(1, 7, 0), sell(2, 7, 0)}, 0, 7, {7, 7}}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Clearing got = clear(Mechanism::uniform, c.book, {});
    REQUIRE(got.price);
    CHECK(got.price->value == c.price);
    CHECK(got.volume.value == c.volume);
    CHECK(fills(got) == c.fills);
  }
}

TEST_CASE("welfare: what a local grid fee keeps from trading is worth its limits and the fee") {
  const std::vector<Order> book{buy(1, 1'000, 100'000), sell(2, 400, 90'000),
                                sell(3, 600, 120'000)};
  const auto worth = at_worth(book, Price{30'000});
  CHECK(worth[0].limit == Price{130'000});
  CHECK(worth[1].limit == Price{90'000});
  const Clearing c = clear(Mechanism::uniform, book, {});
  CHECK(welfare_of(worth, c.fills) == MicroEuros{400 * 40});
  CHECK(optimal_welfare(worth) == MicroEuros{400 * 40 + 600 * 10});
  CHECK(at_worth(std::vector{buy(1, 1, max_order_price.value)}, Price{1})[0].limit ==
        max_order_price);
}

TEST_CASE("welfare is counted at the limits and rounded once") {
  // 3 Wh x (200,500 - 100,000) = 301,500 thousandths: 301.5 micro-euro.
  const std::vector<Order> book{buy(1, 3, 200'500), sell(2, 3, 100'000)};
  const Clearing c = clear(Mechanism::uniform, book, {});
  CHECK(c.welfare == MicroEuros{302});
  CHECK(c.optimal_welfare == MicroEuros{302});
}

TEST_CASE("5,000 random books: volume, price and fills as every single Wh would have it") {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const auto book = random_book(rng, 8, 12, 6);
    const Clearing c = clear(Mechanism::uniform, book, {});
    const Units units = units_of(book);
    const std::size_t volume = unit_volume(units);
    REQUIRE(static_cast<std::size_t>(c.volume.value) == volume);
    REQUIRE(c.price.has_value() == (volume > 0));
    if (volume > 0) REQUIRE(c.price->value == unit_price(units, volume));
    check_fills(book, c);
    REQUIRE(c.welfare == c.optimal_welfare);
  }
}

TEST_CASE("2,000 random books: the optimal welfare is that of the best of all matchings") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    auto book = random_book(rng, 5, 3, 5);
    for (Order& o : book) o.limit.value *= 777;
    REQUIRE(optimal_welfare(book).value == best_welfare(book));
  }
}

TEST_CASE("the order of arrival changes nothing") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const auto book = random_book(rng, 40, 1000, 20);
    auto by_id = book;
    std::sort(by_id.begin(), by_id.end(), [](auto& a, auto& b) { return a.id < b.id; });
    const Clearing a = clear(Mechanism::uniform, book, {}),
                   b = clear(Mechanism::uniform, by_id, {});
    REQUIRE(a.price == b.price);
    REQUIRE(a.volume == b.volume);
    std::map<OrderId, WattHours> fill_a, fill_b;
    for (std::size_t i = 0; i < book.size(); ++i) {
      fill_a[book[i].id] = a.fills[i];
      fill_b[by_id[i].id] = b.fills[i];
    }
    REQUIRE(fill_a == fill_b);
    REQUIRE(book_root(book) == book_root(by_id));
    check_fills(book, a);
  }
}

TEST_CASE("the largest book's welfare is exact") {
  std::vector<Order> book;
  for (int i = 0; i < 100; ++i) {
    book.push_back(
        buy(static_cast<std::uint8_t>(i), max_order_energy.value, max_order_price.value));
    book.push_back(sell(static_cast<std::uint8_t>(100 + i), max_order_energy.value, 0));
  }
  const Clearing c = clear(Mechanism::uniform, book, {});
  CHECK(c.welfare.value == 100'000'000'000'000);
  CHECK(c.optimal_welfare == c.welfare);
  const Wide full = static_cast<Wide>(max_order_energy.value) * max_order_price.value / 1000 *
                    static_cast<Wide>(max_orders_a_slot);
  CHECK(full <= INT64_MAX);
}

TEST_CASE("a book's row is 33 bytes and has one form") {
  const Order o = sell(7, 1500, 123'456);
  const Bytes row = book_row(o);
  REQUIRE(row.size() == 33);
  CHECK(to_hex(row) == "0100000000000005dc000000000001e24000000000000000000000000000000007");
  const auto back = decode_book_row(row);
  REQUIRE(back);
  CHECK(book_row(*back) == row);
  CHECK(back->account == AccountId{});  // anonymous
}

TEST_CASE("rows that no order may have are refused") {
  const auto refused = [](const Order& o) { return !decode_book_row(book_row(o)); };
  CHECK(refused(buy(1, 0, 5)));
  CHECK(refused(buy(1, -1, 5)));
  CHECK(refused(buy(1, max_order_energy.value + 1, 5)));
  CHECK(refused(buy(1, INT64_MIN, 5)));
  CHECK(refused(buy(1, 1, -1)));
  CHECK(refused(buy(1, 1, max_order_price.value + 1)));
  CHECK_FALSE(refused(buy(1, max_order_energy.value, max_order_price.value)));
  CHECK_FALSE(refused(buy(1, 1, 0)));
  Bytes row = book_row(buy(1, 1, 5));
  row[0] = 2;
  CHECK_FALSE(decode_book_row(row));
  row[0] = 1;
  CHECK(decode_book_row(row));
  for (std::size_t size = 0; size < row.size(); ++size)
    CHECK_FALSE(decode_book_row(BytesView(row).first(size)));
  row.push_back(0);
  CHECK_FALSE(decode_book_row(row));
}

TEST_CASE("the book's root moves with every byte of every row, and is that of no rows for none") {
  CHECK(book_root({}) == root_of({}));
  const std::vector<Order> book{buy(1, 10, 100), sell(2, 20, 90), sell(3, 5, 80)};
  const Hash root = book_root(book);
  for (std::size_t i = 0; i < book.size(); ++i)
    for (int field = 0; field < 4; ++field) {
      auto other = book;
      if (field == 0) other[i].energy.value ^= 1;
      if (field == 1) other[i].limit.value ^= 1;
      if (field == 2) other[i].id.bytes[0] ^= 1;
      if (field == 3) other[i].side = other[i].side == Side::buy ? Side::sell : Side::buy;
      CHECK(book_root(other) != root);
    }
}
