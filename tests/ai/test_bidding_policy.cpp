#include <algorithm>
#include <array>
#include <doctest/doctest.h>

#include "ai/bidding_policy.hpp"
#include "ai/forecast_policy.hpp"

using namespace ai;
using ledger::Price;
using ledger::Rng;
using ledger::Slot;
using ledger::WattHours;
using market::Side;
using market::Tariff;

namespace {

constexpr Tariff tariff{{300'000}, {80'000}, {90'000}, {30'000}, {50'000}};  // break-even 220,000
constexpr std::size_t slots_a_day = 4;

Situation expecting(std::int64_t net_wh, const Tariff& of = tariff, std::uint32_t slot = 1) {
  return {{slot}, {net_wh}, range_of(of), {}, {}};
}

std::unique_ptr<BiddingPolicy> policy(Strategy strategy, std::uint64_t seed = 1) {
  return make_bidding_policy(strategy, slots_a_day, Rng(seed));
}

std::vector<Strategy> strategies() {
  std::vector<Strategy> out;
  for (std::size_t i = 0; i < names_of_strategies().size(); ++i)
    out.push_back(static_cast<Strategy>(i));
  return out;
}

std::optional<Bid> bid_of(Strategy strategy, const Situation& situation) {
  Rng rng(1);
  return policy(strategy)->bid(situation, rng);
}

SlotOutcome outcome(std::uint32_t slot, std::int64_t price, std::optional<Bid> own = {},
                    std::int64_t volume = 1000) {
  return {{slot}, Price{price}, {volume}, own};
}

}  // namespace

TEST_CASE("every strategy has a name") { CHECK(names_of_strategies().size() == 6); }

TEST_CASE("who expects nothing bids nothing, and no bid stands where trade can never pay") {
  Tariff dear = tariff;
  dear.local_grid_fee = {170'001};  // break-even 79,999, below the feed-in tariff
  Tariff level = tariff;
  level.local_grid_fee = {170'000};  // exactly at it: one price is left
  for (const Strategy s : strategies()) {
    CAPTURE(names_of_strategies()[static_cast<std::size_t>(s)]);
    CHECK_FALSE(bid_of(s, expecting(0)));
    CHECK_FALSE(bid_of(s, expecting(100, dear)));
    CHECK_FALSE(bid_of(s, expecting(-100, dear)));
    REQUIRE(bid_of(s, expecting(100, level)));
    CHECK(bid_of(s, expecting(100, level))->limit == Price{80'000});
    CHECK(bid_of(s, expecting(-100, level))->limit == Price{80'000});
  }
}

TEST_CASE("a deficit is bought, a surplus is sold, in its whole amount") {
  for (const Strategy s : strategies()) {
    CAPTURE(names_of_strategies()[static_cast<std::size_t>(s)]);
    const auto buys = bid_of(s, expecting(700)), sells = bid_of(s, expecting(-250));
    REQUIRE(buys);
    REQUIRE(sells);
    CHECK(buys->side == Side::buy);
    CHECK(buys->energy == WattHours{700});
    CHECK(sells->side == Side::sell);
    CHECK(sells->energy == WattHours{250});
  }
}

// Nets and prices drawn over many orders of magnitude, with whatever own bid: what comes out is an
// order that the market takes, and no worse than the retailer.
TEST_CASE("whatever a policy hears, its bids stay within range and bounds") {
  for (const Strategy s : strategies()) {
    CAPTURE(names_of_strategies()[static_cast<std::size_t>(s)]);
    Rng rng = Rng(5).fork("extremes", static_cast<std::uint64_t>(s));
    const auto p = policy(s);
    std::optional<Bid> own;
    for (std::uint32_t slot = 1; slot < 20'000; ++slot) {
      const std::array<std::int64_t, 6> edges{INT64_MIN, INT64_MAX, 1, -1, 10'000'001, -5000};
      const std::int64_t net = rng.chance(0.3) ? edges[rng.below(edges.size())]
                                               : static_cast<std::int64_t>(rng.below(4000)) - 2000;
      const std::vector<std::int64_t> past(rng.below(8), net / 2), day(rng.below(5), net);
      const std::array<PriceRange, 4> ranges{range_of(tariff),
                                             PriceRange{{0}, {market::max_order_price}},
                                             PriceRange{{0}, {0}}, PriceRange{{0}, {3}}};
      const Situation now{{slot}, {net}, ranges[rng.below(ranges.size())], day, past};
      const auto bid = p->bid(now, rng);
      if (bid) {
        REQUIRE(market::within_bounds({{}, {}, {slot}, bid->side, bid->energy, bid->limit}));
        REQUIRE(now.range.clamp(bid->limit.value) == bid->limit);
        REQUIRE((bid->side == Side::buy) == (net > 0));
        own = bid;
      }
      SlotOutcome heard{{slot}, {}, {}, rng.chance(0.8) ? own : std::nullopt};
      if (rng.chance(0.7)) {
        const auto bound = static_cast<std::uint64_t>(market::max_order_price.value) + 1;
        heard.price = rng.chance(0.5) && own ? own->limit
                                             : Price{static_cast<std::int64_t>(rng.below(bound))};
        heard.volume = {static_cast<std::int64_t>(rng.below(10'000'000'000'000))};
      }
      p->hear(heard, rng);
    }
  }
}

TEST_CASE("the same calls and streams bid the same, another stream's learners do not") {
  for (const Strategy s : strategies()) {
    CAPTURE(names_of_strategies()[static_cast<std::size_t>(s)]);
    const auto run = [&](std::uint64_t seed) {
      const auto p = policy(s, seed);
      Rng rng(seed);
      std::vector<Bid> out;
      for (std::uint32_t slot = 1; slot < 30; ++slot) {
        const auto bid = p->bid(expecting(slot % 2 ? 500 : -500, tariff, slot), rng);
        REQUIRE(bid);
        out.push_back(*bid);
        p->hear(outcome(slot, 100'000 + slot * 1'000, bid), rng);
      }
      return out;
    };
    CHECK(run(7) == run(7));
    const bool draws = s == Strategy::zero_intelligence || s == Strategy::adaptive;
    CHECK((run(7) != run(8)) == draws);
  }
}

TEST_CASE("the truthful say what a kWh is worth to them") {
  CHECK(bid_of(Strategy::truthful, expecting(1))->limit == Price{220'000});
  CHECK(bid_of(Strategy::truthful, expecting(-1))->limit == Price{80'000});
}

TEST_CASE("zero intelligence draws uniformly, both ends included") {
  Tariff narrow = tariff;
  narrow.retail_buy = tariff.retail_sell + tariff.local_grid_fee + tariff.levies + Price{3};
  Rng rng(3);
  const auto zi = policy(Strategy::zero_intelligence);
  std::array<int, 4> seen{};
  for (int i = 0; i < 4000; ++i) {
    const auto bid = zi->bid(expecting(1, narrow), rng);
    ++seen.at(static_cast<std::size_t>((bid->limit - tariff.retail_sell).value));
  }
  for (const int n : seen) CHECK(n == doctest::Approx(1000).epsilon(0.15));  // 5 sigma
}

TEST_CASE("a linear limit follows the surplus between the range's ends") {
  const std::vector<std::int64_t> day{-2000, -500, 300, 1200};
  const auto limit = [&](std::int64_t net) {
    Situation s = expecting(net);
    s.day_wh = day;
    return bid_of(Strategy::linear, s)->limit.value;
  };
  CHECK(limit(-2000) == 80'000);  // all it ever has: the range's low
  CHECK(limit(-500) == 185'000);  // a quarter of it: a quarter of the way down
  CHECK(limit(-1) == 219'930);
  CHECK(limit(1200) == 220'000);
  CHECK(limit(300) == 115'000);
  CHECK(limit(-4000) == 80'000);  // more than the day's forecast had
}

TEST_CASE("a seller who was served asks for more, one who was passed over for less") {
  for (const bool served : {true, false}) {
    const auto zip = policy(Strategy::adaptive);
    Rng rng(9);
    const auto first = zip->bid(expecting(-500), rng);
    const std::int64_t away = served ? 30'000 : -10'000;
    zip->hear(outcome(1, first->limit.value + away, first), rng);
    const auto next = zip->bid(expecting(-500, tariff, 2), rng);
    CHECK((next->limit > first->limit) == served);
    CHECK(next->limit != first->limit);
    // What it sells for says nothing of what it would buy for.
    Rng again(9);
    CHECK(zip->bid(expecting(500), again)->limit ==
          policy(Strategy::adaptive)->bid(expecting(500), again)->limit);
  }
}

TEST_CASE("a buyer who was served bids less, one who was passed over or found no seller more") {
  const auto next_of = [](std::optional<std::int64_t> away) {
    const auto zip = policy(Strategy::adaptive);
    Rng rng(9);
    const auto first = zip->bid(expecting(500), rng);
    SlotOutcome heard = outcome(1, first->limit.value + away.value_or(0), first);
    if (!away) heard = {{1}, {}, {}, first};
    zip->hear(heard, rng);
    return zip->bid(expecting(500, tariff, 2), rng)->limit.value - first->limit.value;
  };
  CHECK(next_of(-40'000) < 0);
  CHECK(next_of(10'000) > 0);
  CHECK(next_of({}) > 0);
}

TEST_CASE("of a slot whose deals have prices of their own nothing is learnt") {
  for (const Strategy s : strategies()) {
    CAPTURE(names_of_strategies()[static_cast<std::size_t>(s)]);
    if (s == Strategy::zero_intelligence) continue;
    const auto p = policy(s);
    Rng rng(9);
    const auto first = p->bid(expecting(-500), rng);
    p->hear({{1}, {}, {700}, first}, rng);
    CHECK(p->bid(expecting(-500, tariff, 2), rng) == first);
  }
}

TEST_CASE("a price forecast is the median of the same slot's last seven prices") {
  ForecastPolicy p(slots_a_day);
  Rng rng(1);
  CHECK_FALSE(p.price_forecast({2}));
  p.hear(outcome(1, 90'000), rng);
  CHECK(p.price_forecast({6}) == Price{90'000});  // none of its own: the newest
  for (std::uint32_t day = 0; day < 9; ++day) p.hear(outcome(2 + 4 * day, 100'000 + day), rng);
  CHECK(p.price_forecast({2 + 4 * 9}) == Price{100'005});  // of days 2 to 8
  CHECK(p.price_forecast({1 + 4 * 9}) == Price{90'000});
  p.hear({{3}, {}, {}, {}}, rng);  // nothing was traded
  CHECK(p.price_forecast({7}) == Price{100'008});
}

TEST_CASE("a forecast-driven bid leaves room for the price to miss as it used to") {
  ForecastPolicy p(slots_a_day);
  Rng rng(1);
  CHECK(p.bid(expecting(-500), rng)->limit == Price{150'000 - 35'000});  // nothing heard yet
  for (std::uint32_t day = 0; day < 60; ++day) p.hear(outcome(1 + 4 * day, 120'000), rng);
  const Situation sells = expecting(-500, tariff, 241), buys = expecting(500, tariff, 241);
  CHECK(p.bid(sells, rng)->limit == Price{120'000});  // never missed
  p.hear(outcome(241, 136'000), rng);
  CHECK(p.bid(sells, rng)->limit == Price{120'000 - 2'000});  // an eighth of what it missed by
  CHECK(p.bid(buys, rng)->limit == Price{120'000 + 2'000});
  // Passed over, or beside those who asked the same: by a quarter of the range, and an eighth of
  // it.
  p.hear(outcome(245, 120'000, Bid{Side::sell, {500}, {120'000}}), rng);
  CHECK(p.bid(sells, rng)->limit == Price{120'000 - 1'750 - 4'375});
}

TEST_CASE("a forecast-driven bid is for what comes on nine days of ten") {
  ForecastPolicy p(slots_a_day);
  Rng rng(1);
  Situation s = expecting(-400);
  const std::vector<std::int64_t> past{-100, -900, 200, -300, -500, -200, -700};
  s.past_wh = past;
  CHECK(p.bid(s, rng)->energy == WattHours{900});
  s.past_wh = std::span(past).first(2);
  CHECK(p.bid(s, rng)->energy == WattHours{400});  // two days say little
  const std::vector<std::int64_t> never{300, 400, 500};
  s.past_wh = never;
  CHECK_FALSE(p.bid(s, rng));  // no surplus on any of them
}

// Demand falls from 1,000 Wh at 80,000 to nothing at 220,000; alone, half of it at the middle is
// best: (x - low) R(x) is checked against every other price.
TEST_CASE("a seller with market power asks what a monopolist would") {
  const auto p = policy(Strategy::market_power);
  Rng rng(1);
  CHECK(p->bid(expecting(-2000), rng)->limit == Price{150'000});
  p->hear(outcome(1, 115'000, Bid{Side::sell, {750}, {100'000}}, 750), rng);  // all its own
  const auto alone = p->bid(expecting(-2000, tariff, 2), rng);
  CHECK(alone->limit == Price{150'000});
  CHECK(alone->energy == WattHours{500});
  p->hear(outcome(2, 115'000, Bid{Side::sell, {450}, {100'000}}, 750), rng);  // others sold 300
  const auto beside = p->bid(expecting(-2000, tariff, 3), rng);
  const auto gain = [](std::int64_t x) {
    return (x - 80'000) * std::max<std::int64_t>(0, 750 * (220'000 - x) / 105'000 - 300);
  };
  std::int64_t best = 80'000;
  for (std::int64_t x = 80'000; x <= 220'000; x += 10)
    if (gain(x) > gain(best)) best = x;
  CHECK(std::abs(beside->limit.value - best) < 700);  // of whole Wh a step
  CHECK(beside->energy.value == 750 * (220'000 - beside->limit.value) / 105'000 - 300);
  CHECK(p->bid(expecting(-100, tariff, 4), rng)->energy == WattHours{100});  // no more than it has
  CHECK(p->bid(expecting(500), rng)->limit == Price{220'000});
}

TEST_CASE("what of a bid was served follows from the price, and half is presumed at it") {
  const Bid buy{Side::buy, {800}, {100}}, sell{Side::sell, {800}, {100}};
  CHECK(presumed_fill(outcome(1, 99, buy)) == WattHours{800});
  CHECK(presumed_fill(outcome(1, 100, buy)) == WattHours{400});
  CHECK(presumed_fill(outcome(1, 101, buy)) == WattHours{0});
  CHECK(presumed_fill(outcome(1, 99, sell)) == WattHours{0});
  CHECK(presumed_fill(outcome(1, 101, sell)) == WattHours{800});
  CHECK(presumed_fill({{1}, {}, {}, sell}) == WattHours{0});
  CHECK(presumed_fill(outcome(1, 99)) == WattHours{0});
}
