// Every mechanism against a naive matcher and against what all of them promise, on random books.
// AIPCHAIN_BOOKS: how many (scripts/campaign books); AIPCHAIN_SEED: the first seed.

#include <doctest/doctest.h>
#include <map>

#include "tests/market/book_support.hpp"
#include "tests/market/naive_clearing.hpp"
#include "tests/support/setting.hpp"

using namespace ledger;
using namespace market;
using namespace market_test;

namespace {

constexpr std::array mechanisms{
    Mechanism::retailer,  Mechanism::uniform,    Mechanism::pay_as_bid,    Mechanism::continuous,
    Mechanism::bilateral, Mechanism::mid_market, Mechanism::supply_demand, Mechanism::bill_sharing};

// A book whose homes, buses, partners and limits often meet; at times with large numbers.
std::vector<Order> book_of(Rng& rng, std::size_t most_orders) {
  const std::int64_t scale = rng.chance(0.2) ? 9'973 : 1;
  auto book = random_book(rng, most_orders, 12, 9);
  for (Order& o : book) {
    o.limit.value *= scale;
    o.account = account(static_cast<std::uint8_t>(rng.below(5)));
    o.bus = static_cast<std::uint32_t>(rng.below(3));
    o.green = rng.chance(0.4);
    if (rng.chance(0.3)) o.partner = account(static_cast<std::uint8_t>(rng.below(6)));
  }
  return book;
}

ClearingTerms terms_for(Rng& rng, const std::vector<Order>& book) {
  const auto any = [&] { return book.empty() ? Price{7} : book[rng.below(book.size())].limit; };
  ClearingTerms terms{any(), any(),
                      rng.chance(0.5) ? SharingKey::static_key : SharingKey::dynamic_key};
  if (terms.floor > terms.ceiling && rng.chance(0.9)) std::swap(terms.floor, terms.ceiling);
  return terms;
}

// What every mechanism promises, whatever its rule.
void check_promises(const std::vector<Order>& book, const Clearing& c) {
  WattHours bought, sold, dealt;
  std::vector<WattHours> in_trades(book.size());
  for (std::size_t i = 0; i < book.size(); ++i) {
    const Order& o = book[i];
    REQUIRE(c.fills[i].value >= 0);
    REQUIRE(c.fills[i] <= o.energy);
    (o.side == Side::buy ? bought : sold) += c.fills[i];
    if (c.price && c.fills[i].value > 0)
      REQUIRE((o.side == Side::buy ? o.limit >= *c.price : o.limit <= *c.price));
  }
  REQUIRE(bought == c.volume);
  REQUIRE(sold == c.volume);
  const auto trades = c.price ? pair_fills(book, c.fills, *c.price) : c.trades;
  for (const Trade& t : trades) {
    REQUIRE(book[t.buyer].side == Side::buy);
    REQUIRE(book[t.seller].side == Side::sell);
    REQUIRE(t.energy.value > 0);
    REQUIRE(t.price <= book[t.buyer].limit);
    REQUIRE(t.price >= book[t.seller].limit);
    in_trades[t.buyer] += t.energy;
    in_trades[t.seller] += t.energy;
    dealt += t.energy;
  }
  REQUIRE(dealt == c.volume);
  REQUIRE(in_trades == c.fills);
  REQUIRE(c.welfare.value >= 0);
  REQUIRE(c.welfare <= c.optimal_welfare);
}

void check_against_naive(std::uint64_t first, std::uint64_t books, std::size_t most_orders) {
  for (std::uint64_t seed = first; seed < first + books; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const auto book = book_of(rng, most_orders);
    const ClearingTerms terms = terms_for(rng, book);
    const MicroEuros optimal = dual_welfare(book);
    for (const Mechanism mechanism : mechanisms) {
      const std::string_view name = name_of(mechanism);
      CAPTURE(name);
      const Clearing got = clear(mechanism, book, terms);
      const Clearing want = naive_clearing(mechanism, book, terms);
      REQUIRE(got.price == want.price);
      REQUIRE(got.volume == want.volume);
      REQUIRE(got.fills == want.fills);
      REQUIRE(got.trades == want.trades);
      REQUIRE(got.optimal_welfare == optimal);
      if (mechanism == Mechanism::uniform) REQUIRE(got.welfare == optimal);
      check_promises(book, got);
    }
  }
}

}  // namespace

TEST_CASE("books: of at most 8 orders each mechanism is as its rule, step by step") {
  const std::uint64_t books = test::setting("AIPCHAIN_BOOKS", 50'000) / 10;
  check_against_naive(test::setting("AIPCHAIN_SEED", 1), books, 8);
  MESSAGE("books of at most 8 orders: " << books << " by " << mechanisms.size() << " mechanisms");
}

TEST_CASE("books: a second, naive matcher agrees") {
  const std::uint64_t books = test::setting("AIPCHAIN_BOOKS", 10'000);
  check_against_naive(test::setting("AIPCHAIN_SEED", 1) + (std::uint64_t{1} << 32), books, 24);
  MESSAGE("books of at most 24 orders: " << books << " by " << mechanisms.size() << " mechanisms");
}

TEST_CASE("books of hundreds of orders: the auctions have the welfare of the linear program") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    std::vector<Order> book;
    const std::uint64_t size = 1 + rng.below(700);
    for (std::uint32_t i = 0; i < size; ++i) {
      Order o = order(static_cast<std::uint8_t>(i), rng.chance(0.5) ? Side::buy : Side::sell,
                      1 + static_cast<std::int64_t>(rng.below(10'000'000)),
                      static_cast<std::int64_t>(rng.below(100'000'001)));
      o.id.bytes[0] = static_cast<std::uint8_t>(i >> 8);
      o.bus = static_cast<std::uint32_t>(rng.below(20));
      o.green = rng.chance(0.5);
      book.push_back(o);
    }
    const MicroEuros optimal = dual_welfare(book);
    for (const Mechanism mechanism : mechanisms) {
      const Clearing c = clear(mechanism, book, {{60'000'000}, {20'000'000}});
      REQUIRE(c.optimal_welfare == optimal);
      if (mechanism == Mechanism::uniform || mechanism == Mechanism::pay_as_bid)
        REQUIRE(c.welfare == optimal);
      check_promises(book, c);
    }
  }
}

TEST_CASE("the order of arrival changes nothing but in the continuous auction") {
  std::size_t continuous_differs = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const auto book = book_of(rng, 16);
    const ClearingTerms terms = terms_for(rng, book);
    std::vector<std::uint32_t> at(book.size());
    for (std::uint32_t i = 0; i < at.size(); ++i) at[i] = i;
    for (std::size_t i = at.size(); i > 1; --i) std::swap(at[i - 1], at[rng.below(i)]);
    std::vector<Order> shuffled;
    for (const std::uint32_t i : at) shuffled.push_back(book[i]);
    for (const Mechanism mechanism : mechanisms) {
      const Clearing a = clear(mechanism, book, terms);
      Clearing b = clear(mechanism, shuffled, terms);
      for (Trade& t : b.trades) t = {at[t.buyer], at[t.seller], t.energy, t.price};
      std::vector<WattHours> fills(book.size());
      for (std::size_t i = 0; i < at.size(); ++i) fills[at[i]] = b.fills[i];
      const bool same = a.price == b.price && a.volume == b.volume && a.fills == fills &&
                        a.trades == b.trades && a.welfare == b.welfare;
      if (mechanism == Mechanism::continuous)
        continuous_differs += !same;
      else
        REQUIRE(same);
    }
  }
  CHECK(continuous_differs > 100);
}

TEST_CASE("the largest book that there can be overflows nowhere") {
  std::vector<Order> book;
  for (std::uint32_t i = 0; i < max_orders_a_slot; ++i) {
    Order o = order(static_cast<std::uint8_t>(i), i % 2 ? Side::buy : Side::sell,
                    max_order_energy.value, i % 2 ? max_order_price.value : 0);
    for (const int byte : {0, 1})
      o.id.bytes[byte] = static_cast<std::uint8_t>(i >> (16 - 8 * byte));
    o.account = account(static_cast<std::uint8_t>(i % 3));
    o.partner = account(static_cast<std::uint8_t>(i % 5));
    o.bus = i % 7;
    book.push_back(o);
  }
  const WattHours half{max_order_energy.value * (static_cast<std::int64_t>(book.size()) / 2)};
  const MicroEuros best = cost_of(half, max_order_price);
  for (const Mechanism mechanism : mechanisms) {
    const Clearing c = clear(mechanism, book, {max_order_price, {0}});
    CHECK(c.optimal_welfare == best);
    const bool trades = mechanism != Mechanism::retailer;
    CHECK(c.volume == (trades ? half : WattHours{}));
    CHECK(c.welfare == (trades ? best : MicroEuros{}));
  }
}

TEST_CASE("terms at their bounds, and beyond each other") {
  const std::vector<Order> book{buy(1, 300, max_order_price.value), sell(2, 200, 0), buy(3, 1, 0),
                                sell(4, 1, max_order_price.value)};
  for (const Mechanism mechanism : mechanisms)
    for (const ClearingTerms& terms :
         {ClearingTerms{max_order_price, {0}}, ClearingTerms{max_order_price, max_order_price},
          ClearingTerms{{0}, {0}}, ClearingTerms{{-1}, {0}}, ClearingTerms{{0}, max_order_price},
          ClearingTerms{{1}, {0}}, ClearingTerms{-max_order_price, {0}}}) {
      const Clearing got = clear(mechanism, book, terms);
      const Clearing want = naive_clearing(mechanism, book, terms);
      CHECK(got.price == want.price);
      CHECK(got.fills == want.fills);
      check_promises(book, got);
    }
}

TEST_CASE("pay as bid: the buyer pays what it bid") {
  const std::vector<Order> book{buy(1, 10, 300), buy(2, 10, 200), sell(3, 15, 100)};
  const Clearing c = clear(Mechanism::pay_as_bid, book, {});
  CHECK_FALSE(c.price);
  CHECK(c.volume == WattHours{15});
  CHECK(c.trades == std::vector<Trade>{{0, 2, {10}, {300}}, {1, 2, {5}, {200}}});
}

TEST_CASE("continuous: price first, then time; what rests sets the price") {
  const std::vector<Order> book{sell(1, 10, 150), sell(2, 10, 100), sell(3, 10, 100),
                                buy(4, 25, 150),  buy(5, 10, 140),  sell(6, 20, 120)};
  const Clearing c = clear(Mechanism::continuous, book, {});
  CHECK(c.trades ==
        std::vector<Trade>{
            {3, 1, {10}, {100}}, {3, 2, {10}, {100}}, {3, 0, {5}, {150}}, {4, 5, {10}, {140}}});
  CHECK(c.volume == WattHours{35});
}

TEST_CASE("bilateral: a partner before a neighbour, a neighbour before green, green before cheap") {
  std::vector<Order> book{buy(1, 40, 300), sell(2, 10, 200), sell(3, 10, 190), sell(4, 10, 180),
                          sell(5, 10, 100)};
  book[0].partner = book[1].account;
  book[0].bus = book[2].bus = 7;
  book[0].green = book[3].green = true;
  const Clearing all = clear(Mechanism::bilateral, book, {});
  CHECK(all.trades ==
        std::vector<Trade>{
            {0, 1, {10}, {250}}, {0, 2, {10}, {245}}, {0, 3, {10}, {240}}, {0, 4, {10}, {200}}});
  book[0].energy = {15};
  const Clearing some = clear(Mechanism::bilateral, book, {});
  CHECK(some.trades == std::vector<Trade>{{0, 1, {10}, {250}}, {0, 2, {5}, {245}}});
  CHECK(some.welfare < some.optimal_welfare);
}

TEST_CASE("community sharing: the three prices, and two keys") {
  const ClearingTerms terms{{220'000}, {80'000}};
  std::vector<Order> book{buy(1, 900, 220'000), buy(2, 300, 220'000), sell(3, 400, 80'000)};
  CHECK(clear(Mechanism::mid_market, book, terms).price == Price{150'000});
  // 80,000 x 220,000 x 1,200 / (140,000 x 400 + 80,000 x 1,200) = 138,947.4
  CHECK(clear(Mechanism::supply_demand, book, terms).price == Price{138'947});
  // 80,000 + 140,000 x 400 / 1,600
  const Clearing billed = clear(Mechanism::bill_sharing, book, terms);
  CHECK(billed.price == Price{115'000});
  CHECK(billed.fills == std::vector<WattHours>{{300}, {100}, {400}});
  ClearingTerms equal = terms;
  equal.key = SharingKey::static_key;
  CHECK(clear(Mechanism::bill_sharing, book, equal).fills ==
        std::vector<WattHours>{{200}, {200}, {400}});
  book[1].energy = {50};  // what it leaves of its share goes to the retailer
  CHECK(clear(Mechanism::bill_sharing, book, equal).fills ==
        std::vector<WattHours>{{200}, {50}, {250}});
  book[2].energy = {2000};
  CHECK(clear(Mechanism::supply_demand, book, terms).price == terms.floor);
}
