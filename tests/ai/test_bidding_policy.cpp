#include <algorithm>
#include <doctest/doctest.h>
#include <optional>

#include "ai/bidding_policy.hpp"

using namespace ai;
using ledger::Price;
using ledger::Rng;
using ledger::WattHours;
using market::Side;
using market::Tariff;

namespace {

constexpr Tariff tariff{{300'000}, {80'000}, {90'000}, {30'000}, {50'000}};  // break-even 220,000

}  // namespace

TEST_CASE("who expects nothing bids nothing") {
  Rng rng(1);
  CHECK_FALSE(zero_intelligence_bid({0}, tariff, rng));
}

TEST_CASE("no bid where a neighbour's kWh can never pay") {
  Tariff dear = tariff;
  dear.local_grid_fee = {170'001};  // break-even 79,999, below the feed-in tariff
  Rng rng(1);
  CHECK_FALSE(zero_intelligence_bid({100}, dear, rng));
  CHECK_FALSE(zero_intelligence_bid({-100}, dear, rng));
  dear.local_grid_fee = {170'000};  // exactly at it: one price is left
  REQUIRE(zero_intelligence_bid({100}, dear, rng));
  CHECK(zero_intelligence_bid({100}, dear, rng)->limit == Price{80'000});
}

TEST_CASE("a deficit is bought, a surplus is sold, in its whole amount") {
  Rng rng(1);
  const auto buys = zero_intelligence_bid({700}, tariff, rng);
  REQUIRE(buys);
  CHECK(buys->side == Side::buy);
  CHECK(buys->energy == WattHours{700});
  const auto sells = zero_intelligence_bid({-250}, tariff, rng);
  REQUIRE(sells);
  CHECK(sells->side == Side::sell);
  CHECK(sells->energy == WattHours{250});
}

TEST_CASE("limits never make anyone worse off than with the retailer") {
  Rng rng(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto bid = zero_intelligence_bid({i % 2 ? 100 : -100}, tariff, rng);
    REQUIRE(bid);
    if (bid->side == Side::buy)
      REQUIRE(bid->limit + tariff.local_grid_fee + tariff.levies <= tariff.retail_buy);
    else
      REQUIRE(bid->limit >= tariff.retail_sell);
    REQUIRE(bid->limit >= tariff.retail_sell);
    REQUIRE(bid->limit <= tariff.break_even());
  }
}

TEST_CASE("limits are uniform, both ends included") {
  Tariff narrow = tariff;
  narrow.retail_buy = tariff.retail_sell + tariff.local_grid_fee + tariff.levies + Price{3};
  Rng rng(3);
  std::array<int, 4> seen{};
  for (int i = 0; i < 4000; ++i) {
    const auto bid = zero_intelligence_bid({1}, narrow, rng);
    ++seen.at(static_cast<std::size_t>((bid->limit - tariff.retail_sell).value));
  }
  for (const int n : seen) CHECK(n == doctest::Approx(1000).epsilon(0.15));  // 5 sigma
}

TEST_CASE("the same stream bids the same") {
  Rng a(7), b(7), c(8);
  std::vector<std::int64_t> first, again, other;
  for (int i = 0; i < 10; ++i) {
    first.push_back(zero_intelligence_bid({1}, tariff, a)->limit.value);
    again.push_back(zero_intelligence_bid({1}, tariff, b)->limit.value);
    other.push_back(zero_intelligence_bid({1}, tariff, c)->limit.value);
  }
  CHECK(first == again);
  CHECK(first != other);
}
