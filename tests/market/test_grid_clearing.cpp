// Grid-aware clearing against brute force, against the uniform auction where nothing limits, and
// its proposals against every single change.

#include <cstdio>
#include <functional>
#include <string>

#include "market/clearing/clearing.hpp"
#include "market/clearing/grid_program.hpp"
#include "tests/market/every_fill.hpp"
#include "tests/market/grid_case.hpp"

using namespace market_test;

namespace {

// A tree whose branches carry at most some Wh each way: coefficients of 1 on all that is below.
// With whole rooms the linear program's optimum is whole, too (the matrix is a network's).
GridCase radial_case(Rng& rng, std::size_t orders) {
  GridCase c;
  c.limits.buses = 2 + static_cast<std::uint32_t>(rng.below(5));
  std::vector<std::uint32_t> parent(c.limits.buses, 0);
  for (std::uint32_t b = 1; b < c.limits.buses; ++b)
    parent[b] = static_cast<std::uint32_t>(rng.below(b));
  for (std::uint32_t top = 1; top < c.limits.buses; ++top) {
    LimitRow down, up;
    for (std::uint32_t b = top; b < c.limits.buses; ++b) {
      std::uint32_t at = b;
      while (at > top) at = parent[at];
      if (at != top) continue;
      down.terms.push_back({b, 1});
      up.terms.push_back({b, -1});
    }
    down.room = static_cast<std::int64_t>(rng.below(6));
    up.room = static_cast<std::int64_t>(rng.below(6));
    if (rng.chance(0.8)) c.limits.rows.push_back(down);
    if (rng.chance(0.8)) c.limits.rows.push_back(up);
  }
  add_orders(c, orders, 3, 10'000, rng);
  return c;
}

std::int64_t best_by_trying(const GridCase& c) {
  const auto value = [&](std::span<const std::int64_t> net, std::int64_t worth) {
    return first_row_beyond(c.limits, net) == c.limits.rows.size() ? worth : -1;
  };
  return EveryFill(c.orders, c.buses, c.limits.buses, value).best();
}

}  // namespace

TEST_CASE("nodal: radial feeders are brute force's") {
  int limited = 0;
  for (std::uint64_t seed = 1; seed <= grid_rounds(1000); ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const GridCase c = radial_case(rng, 1 + rng.below(8));
    const Cleared r = cleared(c);
    check_by_hand(c, r);
    CHECK(r.proposal.guarantee == Guarantee::gap);
    CHECK(r.outcome.welfare.value * 1000 == best_by_trying(c));
    CHECK(r.outcome.gap.value == 0);
    limited += r.outcome.welfare < optimal_welfare(c.orders);
  }
  std::printf("nodal: %d of %d radial books are limited by a line\n", limited,
              static_cast<int>(grid_rounds(1000)));
  CHECK(limited > 100);
}

TEST_CASE("nodal: with any rows, no whole fills are worth more than the proposal's bound") {
  int exact = 0, count = 0;
  for (std::uint64_t seed = 1; seed <= grid_rounds(500); ++seed) {
    CAPTURE(seed);
    Rng rng = Rng(seed).fork("general");
    const GridCase c = general_case(rng, 1 + rng.below(7), 4);
    const Cleared r = cleared(c);
    check_by_hand(c, r);
    CHECK(r.proposal.guarantee == Guarantee::gap);
    const std::int64_t best = best_by_trying(c);
    CHECK(r.outcome.welfare.value * 1000 <= best);
    CHECK((r.outcome.welfare + r.outcome.gap).value * 1000 >= best);
    exact += r.outcome.welfare.value * 1000 == best;
    ++count;
  }
  std::printf("nodal: of %d books with any rows %d are the best whole fills\n", count, exact);
  CHECK(exact > count / 2);
}

TEST_CASE("nodal: beyond brute force the linear program's optimum is reached but for a few Wh") {
  std::vector<std::int64_t> gaps;
  for (std::uint64_t seed = 1; seed <= grid_rounds(200); ++seed) {
    CAPTURE(seed);
    Rng rng = Rng(seed).fork("large");
    const GridCase c = general_case(rng, 20 + rng.below(200), 2000);
    const Cleared r = cleared(c);
    check_by_hand(c, r);
    CHECK(r.proposal.guarantee == Guarantee::gap);
    gaps.push_back(r.outcome.gap.value);
  }
  // Duality has shown each to be within its gap: here in Wh at the highest limit, 90 micro-euro.
  std::sort(gaps.begin(), gaps.end());
  const auto wh = [&](std::size_t of_100) {
    return static_cast<double>(gaps[(gaps.size() - 1) * of_100 / 100]) / 90;
  };
  std::printf("nodal: larger books: gap %.1f Wh in the median, %.1f of 95 %%, %.1f at most\n",
              wh(50), wh(95), wh(100));
  CHECK(wh(95) <= 1);
  CHECK(wh(100) <= 3);
}

TEST_CASE("nodal: where nothing limits, welfare and price are the uniform auction's") {
  for (std::uint64_t seed = 1; seed <= grid_rounds(500); ++seed) {
    CAPTURE(seed);
    Rng rng = Rng(seed).fork("slack");
    GridCase c;
    c.limits.buses = 4;
    if (rng.chance(0.5)) c.limits.rows.push_back({{{1, 3}, {2, -7}}, 1'000'000});
    add_orders(c, rng.below(40), 500, 10'001, rng);
    const Cleared r = cleared(c);
    const Clearing uniform = clear(Mechanism::uniform, c.orders, {});
    CHECK(r.outcome.welfare == uniform.welfare);
    CHECK(r.outcome.rent.value == 0);
    if (!uniform.price) continue;
    for (const ledger::Price price : r.outcome.prices) CHECK(price == *uniform.price);
  }
}

TEST_CASE("nodal: a line that is full makes two prices") {
  Rng rng(1);
  GridCase c;
  c.limits = {2, {{{{1, 1}}, 300}}};
  c.orders = {grid_order(Side::sell, 1000, 100'000, rng), grid_order(Side::buy, 1000, 250'000, rng),
              grid_order(Side::sell, 500, 200'000, rng)};
  c.buses = {0, 1, 1};
  const Cleared r = cleared(c);
  // 300 Wh over the line, 500 from the dearer neighbour; 200 of the buyer's stay open, so that bus
  // 1 is at its limit and bus 0 at the cheap seller's.
  CHECK(r.proposal.fills == std::vector<ledger::WattHours>{{300}, {800}, {500}});
  CHECK(r.outcome.prices == std::vector<ledger::Price>{{100'000}, {250'000}});
  CHECK(r.outcome.rent.value == 300 * 150);
  CHECK(r.outcome.welfare.value == 300 * 150 + 500 * 50);
  CHECK(r.proposal.multipliers == std::vector<RowMultiplier>{{0, 150'000 * value_scale}});
}

TEST_CASE("nodal: equal orders share what a line lets through") {
  Rng rng(1);
  GridCase c;
  c.limits = {2, {{{{1, 1}}, 100}}};
  c.orders = {grid_order(Side::sell, 1000, 100'000, rng), grid_order(Side::buy, 300, 250'000, rng),
              grid_order(Side::buy, 100, 250'000, rng)};
  c.buses = {0, 1, 1};
  CHECK(cleared(c).proposal.fills == std::vector<ledger::WattHours>{{100}, {75}, {25}});
}

TEST_CASE("nodal: books without a trade") {
  Rng rng(1);
  GridCase c;
  c.limits = {2, {{{{1, 1}}, 0}}};
  CHECK(cleared(c).outcome.volume.value == 0);
  c.orders = {grid_order(Side::sell, 10, 5, rng), grid_order(Side::buy, 10, 90'000, rng)};
  c.buses = {0, 1};
  CHECK(cleared(c).outcome.volume.value == 0);  // the line is full
  c.buses = {1, 0};
  CHECK(cleared(c).outcome.volume.value == 10);  // the other way it is not
  c.orders.pop_back();
  c.buses.pop_back();
  CHECK(cleared(c).outcome.volume.value == 0);
}

TEST_CASE("nodal: a proposal changed in any one number is refused") {
  int tried = 0;
  for (std::uint64_t seed = 1; seed <= grid_rounds(60); ++seed) {
    CAPTURE(seed);
    Rng rng = Rng(seed).fork("changes");
    const GridCase c = seed % 2 ? radial_case(rng, 8) : general_case(rng, 8, 500);
    const GridProposal good = cleared(c).proposal;
    const auto refused = [&](const std::function<void(GridProposal&)>& change) {
      GridProposal bad = good;
      change(bad);
      CHECK_FALSE(check_proposal(c.orders, c.buses, c.limits, bad).has_value());
      ++tried;
    };
    for (const std::int64_t by : {std::int64_t{1}, std::int64_t{-1}, std::int64_t{1000},
                                  std::int64_t{1} << 40, INT64_MIN / 4}) {
      for (std::size_t i = 0; i < c.orders.size(); ++i)
        refused([&](GridProposal& p) { p.fills[i].value += by; });
      for (std::size_t b = 0; b < good.values.size(); ++b)
        refused([&](GridProposal& p) { p.values[b] += by; });
      refused([&](GridProposal& p) { p.balance += by; });
      for (std::size_t m = 0; m < good.multipliers.size(); ++m) {
        refused([&](GridProposal& p) { p.multipliers[m].value += by; });
        refused([&](GridProposal& p) { p.multipliers[m].row += 1; });
      }
    }
    refused([](GridProposal& p) { p.fills.emplace_back(); });
    refused([](GridProposal& p) { p.values.pop_back(); });
    refused([&](GridProposal& p) { p.multipliers.push_back({UINT32_MAX, 1}); });
  }
  std::printf("nodal: %d changed proposals refused\n", tried);
  CHECK(tried > 1000);
}

TEST_CASE("nodal: feasible fills that are worth too little are refused") {
  Rng rng(1);
  GridCase c;
  c.limits.buses = 1;
  c.orders = {grid_order(Side::sell, 1000, 100'000, rng),
              grid_order(Side::buy, 1000, 250'000, rng)};
  c.buses = {0, 0};
  GridProposal p = cleared(c).proposal;
  p.fills = {{900}, {900}};
  const auto checked = check_proposal(c.orders, c.buses, c.limits, p);
  REQUIRE_FALSE(checked.has_value());
  CHECK(checked.error().find("too far below") != std::string::npos);
}

TEST_CASE("nodal: the bound is two Wh of each fill at the margin, and no wider") {
  // 100 Wh of a line's 1001 units, at 10 a Wh; both the seller and the buyer beyond it are at the
  // margin, the one at the line's price more than the other.
  Rng rng(1);
  GridCase c;
  c.limits = {2, {{{{1, 10}}, 1001}}};
  c.orders = {grid_order(Side::sell, 1000, 100'000, rng),
              grid_order(Side::buy, 1000, 250'000, rng)};
  c.buses = {0, 1};
  const Cleared r = cleared(c);
  CHECK(r.proposal.fills == std::vector<ledger::WattHours>{{100}, {100}});
  const auto holds_at = [&](std::int64_t wh) {
    GridProposal p = r.proposal;
    p.fills = {{wh}, {wh}};
    return check_proposal(c.orders, c.buses, c.limits, p).has_value();
  };
  // The dual is worth 100.1 Wh; the seller's bus is in no row, so that two Wh are allowed.
  CHECK(holds_at(99));
  CHECK_FALSE(holds_at(98));
  CHECK_FALSE(holds_at(101));
  // A multiplier of next to nothing for another row allows no more.
  c.limits.rows.push_back({{{0, 10}}, 1'000'000});
  GridProposal padded = cleared(c).proposal;
  padded.multipliers.push_back({1, 1});
  padded.values[0] += 10;
  padded.fills = {{98}, {98}};
  CHECK_FALSE(check_proposal(c.orders, c.buses, c.limits, padded).has_value());
  padded.fills = {{100}, {100}};
  CHECK(check_proposal(c.orders, c.buses, c.limits, padded).has_value());
  // Where a row is narrower than rounding, two Wh of the highest bid a fill come on top.
  c.limits.rows[1].room = 5;
  c.orders[0].energy = {98};
  CHECK(cleared(c).outcome.volume.value == 98);
}

TEST_CASE("nodal: rows without room, whose shadow prices are far above any limit") {
  // What bus 1 draws counts 2 % more than what bus 0 gives: 1 kWh for 60 EUR would be worth it if
  // the row had room, whose value is then 2,995 EUR/kWh, and that of a bus in no row so much less.
  Rng rng(1);
  GridCase c;
  c.limits = {3, {{{{0, 1000}, {1, 1020}}, 0}}};
  c.orders = {grid_order(Side::sell, 20'000, 100'000, rng),
              grid_order(Side::buy, 20'000, 60'000'000, rng)};
  c.buses = {0, 1};
  const Cleared none = cleared(c);
  CHECK(none.outcome.volume.value == 0);
  CHECK(none.outcome.gap.value <= 1);
  CHECK(none.proposal.values[2] < -Wide{2'900'000'000} * value_scale);
  CHECK(none.outcome.prices[2].value == 0);
  c.limits.rows[0].terms[1].coefficient = 1'000'000;  // and 1000 times as much
  c.limits.rows[0].terms[0].coefficient = 999'999;
  CHECK(cleared(c).proposal.values[2] < -Wide{50'000'000'000'000} * value_scale);
}

TEST_CASE("nodal: a bus's price is at most what an order may name") {
  // Each Wh that bus 2 sells lets bus 1 buy 1.1, from the cheap seller at bus 0: it is worth more
  // than the buyer pays.
  Rng rng(1);
  GridCase c;
  c.limits = {3, {{{{1, 10}, {2, 11}}, 50'000}}};
  c.orders = {grid_order(Side::sell, 500'000, 100'000, rng),
              grid_order(Side::buy, 500'000, max_order_price.value, rng),
              grid_order(Side::sell, 3'000, 100'000, rng)};
  c.buses = {0, 1, 2};
  const Cleared r = cleared(c);
  CHECK(r.proposal.fills == std::vector<ledger::WattHours>{{5'300}, {8'300}, {3'000}});
  CHECK(r.proposal.values[2] > Wide{109'000'000} * value_scale);
  CHECK(r.outcome.prices[0].value == 100'000);
  CHECK(r.outcome.prices[1].value >= max_order_price.value - 1);  // multipliers are rounded
  CHECK(r.outcome.prices[2] == max_order_price);
  CHECK(std::abs(r.outcome.rent.value - 5'300 * 99'900) <= 9);
}

TEST_CASE("nodal: large books of many limits clear as small ones do, with whole work") {
  Rng rng(7);
  GridCase c = general_case(rng, 0, 200'000);
  while (c.limits.rows.size() < 3) c = general_case(rng, 0, 200'000);
  for (LimitRow& row : c.limits.rows) row.room /= 1000;
  add_orders(c, 6'000, 2'000, 11, rng);
  for (std::size_t i = 0; i < c.orders.size(); ++i) {
    c.orders[i].side = c.buses[i] % 2 == 0 ? Side::sell : Side::buy;  // so that all trade goes far
    c.orders[i].limit.value = 80'000 + static_cast<std::int64_t>(rng.below(150'000));
  }
  const Cleared r = cleared(c);  // proven to be the whole program's optimum
  CHECK(r.outcome.volume.value > 0);
  CHECK_FALSE(r.proposal.multipliers.empty());
  CHECK(r.outcome.gap.value < 5000);
  const auto groups = order_groups(c.orders, c.buses);
  CHECK(groups.size() > 5'000);
  const std::vector<double> taken(c.limits.rows.size());
  CHECK(GridProgram(groups, c.limits).solve(taken).has_value());
  CHECK_FALSE(GridProgram(groups, c.limits, 5e3).solve(taken).has_value());
  CHECK_FALSE(GridProgram(groups, c.limits, 0).solve(taken).has_value());
}

TEST_CASE("nodal: trade limits out of form are named") {
  CHECK(check_trade_limits({1, {}}).empty());
  CHECK(check_trade_limits({0, {}}).find("buses") != std::string::npos);
  CHECK(check_trade_limits({2, {{{}, 1}}}).find("no terms") != std::string::npos);
  CHECK(check_trade_limits({2, {{{{0, 1}}, -1}}}).find("room") != std::string::npos);
  CHECK(check_trade_limits({2, {{{{2, 1}}, 1}}}).find("bus 2") != std::string::npos);
  CHECK(check_trade_limits({2, {{{{1, 1}, {0, 1}}, 1}}}).find("order") != std::string::npos);
  CHECK(check_trade_limits({2, {{{{1, 0}}, 1}}}).find("coefficient") != std::string::npos);
  CHECK(check_trade_limits({2, {{{{1, max_coefficient + 1}}, 1}}}).find("beyond") !=
        std::string::npos);
}
