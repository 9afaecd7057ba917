#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "market/settlement/token_book.hpp"
#include "tests/market/book_support.hpp"

using namespace ledger;
using namespace market;
using namespace market_test;

namespace {

constexpr MeterId meter{4};
constexpr Slot slot{10};

TokenBook with_tokens(std::int64_t wh) {
  TokenBook book;
  book.mint(meter, {wh * 1000}, account(1), slot);
  return book;
}

}  // namespace

TEST_CASE("minting follows the register's high-water mark") {
  TokenBook book;
  CHECK(book.mint(meter, {5'000}, account(1), slot) == WattHours{5});
  CHECK(book.mint(meter, {5'000}, account(1), slot) == WattHours{0});  // replay
  CHECK(book.mint(meter, {4'000}, account(1), slot) == WattHours{0});  // fell, or an older one
  CHECK(book.mint(meter, {5'000}, account(2), {11}) == WattHours{0});  // replay by another
  CHECK(book.mint(meter, {9'000}, account(1), {12}) == WattHours{4});  // over a gap
  CHECK(book.mint({5}, {1'000}, account(1), slot) == WattHours{1});    // another meter's own mark
  CHECK(book.totals().minted == WattHours{10});
  CHECK(book.broken_invariant().empty());
}

TEST_CASE("fractions of a Wh wait in the register and are never lost") {
  TokenBook book;
  WattHours minted;
  for (std::int64_t reg = 0; reg <= 10'000; reg += 333)
    minted += book.mint(meter, {reg}, account(1), slot);
  minted += book.mint(meter, {10'000}, account(1), slot);
  CHECK(minted == WattHours{10});
}

TEST_CASE("energy under a moved mark mints nothing") {
  TokenBook book;
  book.move_mark(meter, {7'999});
  CHECK(book.mint(meter, {7'000}, account(1), slot) == WattHours{0});
  CHECK(book.mint(meter, {8'000}, account(1), slot) == WattHours{1});
  book.move_mark(meter, {2'000});  // never falls
  CHECK(book.mint(meter, {8'000}, account(1), slot) == WattHours{0});
}

TEST_CASE("what a source does not have is refused, and nothing changes") {
  TokenBook book = with_tokens(5);
  const auto unchanged = [&] {
    return book.vintages().size() == 1 && book.vintages().at(slot.value).held.size() == 1 &&
           book.held(account(1), slot) == WattHours{5} && book.broken_invariant().empty();
  };
  const std::vector<Result<void>> refused{book.escrow(account(1), slot, {6}),
                                          book.escrow(account(1), slot, {-1}),
                                          book.escrow(account(1), {11}, {1}),
                                          book.escrow(account(2), slot, {1}),
                                          book.release(account(2), slot, {1}),
                                          book.release(account(2), {11}, {1}),
                                          book.release(account(2), slot, {-1}),
                                          book.retire(account(1), slot, {6}),
                                          book.retire(account(1), slot, {-5}),
                                          book.retire(account(2), slot, {1}),
                                          book.retire(account(1), {11}, {1}),
                                          book.transfer(account(2), account(1), slot, {1}),
                                          book.transfer(account(1), account(2), slot, {6}),
                                          book.transfer(account(1), account(2), slot, {-1})};
  for (std::size_t i = 0; i < refused.size(); ++i) {
    CAPTURE(i);
    REQUIRE_FALSE(refused[i]);
    CHECK_FALSE(refused[i].error().empty());
  }
  CHECK(unchanged());
}

TEST_CASE("a token retires once, and only out of the hands that hold it") {
  TokenBook book = with_tokens(5);
  REQUIRE(book.transfer(account(1), account(2), slot, {3}));
  REQUIRE(book.retire(account(2), slot, {3}));
  CHECK_FALSE(book.retire(account(2), slot, {1}));
  CHECK_FALSE(book.retire(account(1), slot, {3}));
  REQUIRE(book.escrow(account(1), slot, {2}));
  CHECK_FALSE(book.retire(account(1), slot, {1}));  // in escrow
  CHECK_FALSE(book.transfer(account(1), account(2), slot, {1}));
  REQUIRE(book.release(account(1), slot, {2}));
  REQUIRE(book.retire(account(1), slot, {2}));
  const auto t = book.totals();
  CHECK(t.minted == WattHours{5});
  CHECK(t.retired == WattHours{5});
  CHECK(t.held == WattHours{});
  CHECK(t.escrowed == WattHours{});
}

TEST_CASE("minted = held + escrowed + retired through 20,000 random operations") {
  Rng rng(3);
  TokenBook book;
  std::array<std::int64_t, 4> high{};
  std::int64_t model = 0;  // what the meters' highest registers say was minted
  for (int i = 0; i < 20'000; ++i) {
    const Slot v{static_cast<std::uint32_t>(rng.below(4))};
    const AccountId a = account(static_cast<std::uint8_t>(rng.below(4)));
    const AccountId b = account(static_cast<std::uint8_t>(rng.below(4)));
    const WattHours q{static_cast<std::int64_t>(rng.below(50)) - 5};
    switch (rng.below(5)) {
      case 0: {
        const auto m = static_cast<std::uint32_t>(rng.below(4));
        const auto reg = static_cast<std::int64_t>(rng.below(2'000'000));
        const auto before = high[m] / 1000;
        high[m] = std::max(high[m], reg);
        model += high[m] / 1000 - before;
        book.mint({m}, {reg}, a, v);
        break;
      }
      case 1:
        (void)book.escrow(a, v, q);
        break;
      case 2:
        (void)book.release(a, v, q);
        break;
      case 3:
        (void)book.transfer(a, b, v, q);
        break;
      default:
        (void)book.retire(a, v, q);
    }
    if (i % 50 == 0) REQUIRE(book.broken_invariant().empty());
  }
  const auto t = book.totals();
  CHECK(t.minted.value == model);
  CHECK(t.minted == t.held + t.escrowed + t.retired);
}
