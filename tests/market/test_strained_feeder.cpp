// Grid-aware clearing of a feeder that is beyond its limits before anybody trades: rows without
// room, coefficients that are next to equal, shadow prices far above any limit.

#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "market/clearing/exact_program.hpp"
#include "market/clearing/whole_fills.hpp"
#include "tests/market/grid_case.hpp"

using namespace market_test;

namespace {

// A feeder beyond its limits: buses along lines, each row the drop at one of them, most without
// room; neighbours' coefficients are next to the same.
GridCase strained_case(Rng& rng, std::size_t orders) {
  GridCase c;
  c.limits.buses = 3 + static_cast<std::uint32_t>(rng.below(6));
  std::vector<std::int64_t> far(c.limits.buses);  // of the way from the busbar
  for (std::uint32_t b = 1; b < c.limits.buses; ++b)
    far[b] = far[b - 1] + 1 + static_cast<std::int64_t>(rng.below(rng.chance(0.5) ? 10 : 100'000));
  for (std::uint32_t at = 1; at < c.limits.buses; ++at) {
    LimitRow row;
    for (std::uint32_t b = 1; b < c.limits.buses; ++b)
      row.terms.push_back({b, std::min(far[at], far[b]) + static_cast<std::int64_t>(rng.below(9))});
    row.terms.erase(std::remove_if(row.terms.begin(), row.terms.end(),
                                   [](const LimitTerm& t) { return t.coefficient == 0; }),
                    row.terms.end());
    if (rng.chance(0.3))
      row.room = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(far[at]) * 100));
    c.limits.rows.push_back(row);
  }
  constexpr std::array<std::int64_t, 6> wh{3, 10, 50, 1'000, 20'000, 300'000};
  constexpr std::array<std::int64_t, 6> eur{100'000,    200'000,    1'000'000,
                                            50'000'000, 99'000'000, 100'000'000};
  for (std::size_t i = 0; i < orders; ++i) {
    c.orders.push_back(grid_order(rng.chance(0.5) ? Side::buy : Side::sell, wh[rng.below(6)],
                                  eur[rng.below(6)], rng));
    c.buses.push_back(static_cast<std::uint32_t>(rng.below(c.limits.buses)));
  }
  return c;
}

GridCase strained_case(std::uint64_t seed) {
  Rng rng = Rng(seed).fork("strained");
  const std::size_t orders = 2 + rng.below(9);
  return strained_case(rng, orders);
}

// The least that multipliers and any balance allow: it is at the limit of some group.
Wide dual_objective(const GridCase& c, std::span<const OrderGroup> groups,
                    std::span<const Wide> multiplier) {
  std::vector<Wide> congestion(c.limits.buses);
  Wide rows = 0, least = -1;
  for (std::size_t r = 0; r < multiplier.size(); ++r) {
    rows += multiplier[r] * c.limits.rows[r].room;
    for (const LimitTerm& t : c.limits.rows[r].terms)
      congestion[t.bus] += multiplier[r] * t.coefficient;
  }
  const auto above = [&](const OrderGroup& g) {
    return Wide{g.limit.value} * value_scale - congestion[g.bus];
  };
  for (const OrderGroup& at : groups) {
    Wide sum = rows;
    for (const OrderGroup& g : groups) {
      const Wide gain = g.side == Side::buy ? above(g) - above(at) : above(at) - above(g);
      sum += g.energy.value * std::max<Wide>(gain, 0);
    }
    if (least < 0 || sum < least) least = sum;
  }
  return least;
}

double welfare_of(std::span<const OrderGroup> groups, std::span<const double> fill) {
  double out = 0;
  for (std::size_t g = 0; g < groups.size(); ++g)
    out += (groups[g].side == Side::buy ? 1 : -1) * fill[g] *
           static_cast<double>(groups[g].limit.value);
  return out;
}

// Fills within energies and rows, balanced, and worth what the multipliers allow.
void check_optimum(const GridCase& c, std::span<const OrderGroup> groups, const GridSolution& s) {
  std::vector<double> net(c.limits.buses);
  double balance = 0, traded = 1, ordered = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    CHECK(s.fill[g] >= 0);
    CHECK(s.fill[g] <= static_cast<double>(groups[g].energy.value));
    const double wh = groups[g].side == Side::buy ? s.fill[g] : -s.fill[g];
    net[groups[g].bus] += wh;
    balance += wh;
    traded += s.fill[g];
    ordered += static_cast<double>(groups[g].energy.value);
  }
  CHECK(std::abs(balance) < 1e-14 * traded);
  double rounding = 0;  // of multipliers: half a unit of each
  for (const LimitRow& row : c.limits.rows) {
    double flow = 0, size = 1;
    for (const LimitTerm& t : row.terms) {
      flow += static_cast<double>(t.coefficient) * net[t.bus];
      size = std::max(size, std::abs(static_cast<double>(t.coefficient)));
    }
    CHECK(flow <= static_cast<double>(row.room) + 1e-14 * size * traded);
    rounding += (static_cast<double>(row.room) + size * ordered) / 2 / value_scale;
  }
  const double dual = static_cast<double>(dual_objective(c, groups, s.multiplier)) / value_scale;
  const double welfare = welfare_of(groups, s.fill);
  CHECK(std::abs(dual - welfare) <= rounding + 1e-14 * traded * 1e8);
}

}  // namespace

TEST_CASE("nodal: books of a feeder that is beyond its limits clear, and their buyers pay") {
  const auto books = static_cast<int>(grid_rounds(10'000));
  int traded = 0, exchanged = 0;
  for (int seed = 1; seed <= books; ++seed) {
    CAPTURE(seed);
    const GridCase c = strained_case(static_cast<std::uint64_t>(seed));
    const Cleared r = cleared(c);
    check_by_hand(c, r);
    for (const ledger::Price p : r.outcome.prices) CHECK(p <= max_order_price);
    CHECK(r.outcome.welfare.value >= 0);
    traded += r.outcome.volume.value > 0;
    exchanged += r.proposal.guarantee == Guarantee::exchanges;
  }
  std::printf("nodal: of %d books beyond limits all clear, %d trade, %d proven by exchanges\n",
              books, traded, exchanged);
  CHECK(traded > books / 2);
  CHECK(exchanged <= books / 5'000);  // grid_proposal.hpp says how many
}

TEST_CASE("nodal: the exact program's optimum is what its multipliers allow") {
  int partly = 0, bound = 0;
  for (std::uint64_t seed = 1; seed <= grid_rounds(300); ++seed) {
    CAPTURE(seed);
    Rng rng = Rng(seed).fork("exact");
    const GridCase c = seed % 3 == 0 ? general_case(rng, 5 + rng.below(60), 2000)
                                     : strained_case(rng, 2 + rng.below(30));
    const auto groups = order_groups(c.orders, c.buses);
    const auto rows = rows_by_bus(c.limits);
    ExactProgram program(groups, c.limits, rows);
    std::vector<double> taken(c.limits.rows.size());
    const auto found = program.solve(taken);
    REQUIRE(found);
    check_optimum(c, groups, *found);
    for (const double fill : found->fill) partly += fill != std::floor(fill);
    // With less room, from where it was, as from the beginning.
    for (std::size_t r = 0; r < taken.size(); ++r)
      taken[r] = static_cast<double>(c.limits.rows[r].room / 3);
    GridCase less = c;
    for (std::size_t r = 0; r < taken.size(); ++r)
      less.limits.rows[r].room -= less.limits.rows[r].room / 3;
    const auto again = program.solve(taken);
    REQUIRE(again);
    check_optimum(less, groups, *again);
    // And with all room again, but one group held to what it has not.
    const auto held = static_cast<std::size_t>(rng.below(groups.size()));
    const auto at = static_cast<std::int64_t>(found->fill[held]);
    const bool above = at < groups[held].energy.value;
    program.bound(held, above ? at + 1 : 0, above ? groups[held].energy.value : at - 1);
    if (const auto other = program.solve(std::vector<double>(taken.size()))) {
      CHECK((above ? other->fill[held] >= static_cast<double>(at + 1)
                   : other->fill[held] <= static_cast<double>(at - 1)));
      CHECK(welfare_of(groups, other->fill) <= welfare_of(groups, found->fill) + 1);
      ++bound;
    }
  }
  CHECK(partly > 100);
  CHECK(bound > 100);
}

TEST_CASE("nodal: groups held to a value and released leave the exact program's optimum") {
  int solved = 0, held = 0;
  for (std::uint64_t seed = 1; seed <= grid_rounds(1'000); ++seed) {
    CAPTURE(seed);
    Rng rng = Rng(seed).fork("released");
    const GridCase c = strained_case(rng, 2 + rng.below(20));
    const auto groups = order_groups(c.orders, c.buses);
    const auto rows = rows_by_bus(c.limits);
    const std::vector<double> taken(c.limits.rows.size());
    ExactProgram program(groups, c.limits, rows);
    const auto fresh = program.solve(taken);
    REQUIRE(fresh);
    for (int times = 0; times < 3; ++times) {
      for (std::size_t g = 0; g < groups.size(); ++g) {
        const std::int64_t most = groups[g].energy.value;
        const auto at = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most) + 1));
        if (!rng.chance(0.4)) continue;
        program.bound(g, rng.chance(0.5) ? 0 : at, at);
        ++held;
      }
      solved += program.solve(taken).has_value();
      for (std::size_t g = 0; g < groups.size(); ++g) program.bound(g, 0, groups[g].energy.value);
    }
    const auto released = program.solve(taken);
    REQUIRE(released);
    check_optimum(c, groups, *released);
    // Fills are the nearest doubles, and two optima may trade more or less at no gain.
    double moved = 0;
    for (std::size_t g = 0; g < groups.size(); ++g)
      moved +=
          static_cast<double>(groups[g].limit.value) * (fresh->fill[g] + released->fill[g] + 1);
    const double apart = welfare_of(groups, released->fill) - welfare_of(groups, fresh->fill);
    CHECK(std::abs(apart) <= 1e-15 * moved);
  }
  CHECK(solved > 100);
  CHECK(held > 1'000);
}

TEST_CASE("nodal: the exact program tells less room than there is, and work that has no end") {
  const GridCase c = strained_case(874);
  const auto groups = order_groups(c.orders, c.buses);
  const auto rows = rows_by_bus(c.limits);
  const std::vector<double> none(c.limits.rows.size());
  ExactProgram program(groups, c.limits, rows);
  const auto found = program.solve(none);
  REQUIRE(found);
  // Multipliers have 21 digits: more than floating point, and than 64 bits.
  CHECK(*std::max_element(found->multiplier.begin(), found->multiplier.end()) > Wide{INT64_MAX});
  CHECK_FALSE(program.solve(std::vector<double>(c.limits.rows.size(), 1e12)).has_value());
  const auto again = program.solve(none);
  REQUIRE(again);
  check_optimum(c, groups, *again);
  CHECK_FALSE(ExactProgram(groups, c.limits, rows, 10).solve(none).has_value());
}

TEST_CASE("nodal: fills that no prices pay for are refused, and others are found") {
  // Bus 1 may draw what bus 2 gives, times 1.501. Of its 1005 Wh 669.55 have to come from there: it
  // is 670, at 60,000, and the buyer that accepts least is 10 below what that comes to in the mean.
  Rng rng(1);
  GridCase c;
  c.limits = {3, {{{{1, 1000}, {2, 1501}}, 0}}};
  c.orders = {grid_order(Side::sell, 5'000, 30'000, rng),
              grid_order(Side::buy, 1'000, 100'000, rng), grid_order(Side::buy, 5, 49'990, rng),
              grid_order(Side::sell, 5'000, 60'000, rng)};
  c.buses = {0, 1, 1, 2};
  const Cleared r = cleared(c);
  CHECK(r.proposal.guarantee == Guarantee::gap);
  CHECK(r.outcome.rent.value >= 0);
  CHECK(r.proposal.fills[1].value == 1'000);
  CHECK(r.proposal.fills[2].value < 5);
  GridProposal p = r.proposal;
  p.fills = {{335}, {1'000}, {5}, {670}};
  for (const Guarantee guarantee : {Guarantee::gap, Guarantee::exchanges}) {
    p.guarantee = guarantee;
    if (guarantee == Guarantee::exchanges) {
      p.balance = 0;
      p.multipliers.clear();
      p.values.assign(c.limits.buses, 0);
    }
    const auto checked = check_proposal(c.orders, c.buses, c.limits, p);
    REQUIRE_FALSE(checked);
    CHECK(checked.error() == "grid-aware proposal: no prices within limits pay for its fills");
  }
}

TEST_CASE("nodal: whole fills that no exchange reaches are found in branches") {
  // The program has two optima: 0.1875 and 2.8125 Wh, and 2 and 1, which hold as they are.
  const Cleared r = cleared(strained_case(26'314));
  CHECK(r.proposal.guarantee == Guarantee::gap);
  CHECK(r.outcome.welfare.value == 149'400);
  CHECK(r.outcome.gap.value == 0);
}

TEST_CASE("nodal: exchanges from what prices pay for may end within the gap's bound") {
  const Cleared r = cleared(strained_case(33'683));
  check_by_hand(strained_case(33'683), r);
  CHECK(r.proposal.guarantee == Guarantee::gap);
  CHECK(r.outcome.welfare.value == 2'450'000);
}

TEST_CASE("nodal: where whole Wh let far less trade than the program, exchanges are the proof") {
  // Of 7 Wh that bus 3 gives bus 1 may draw one, which would let bus 2 draw 6,611. There are 3: the
  // program draws some thousandths of a Wh at bus 1, whole Wh nothing, and bus 3 trades by itself.
  Rng rng(1);
  GridCase c;
  c.limits = {4, {{{{1, 7}, {3, 1}}, 0}, {{{1, -92'566}, {2, 14}}, 0}}};
  c.orders = {grid_order(Side::sell, 50, 1'000'000, rng),
              grid_order(Side::buy, 300'000, 50'000'000, rng),
              grid_order(Side::buy, 300'000, 99'000'000, rng),
              grid_order(Side::sell, 3, 1'000'000, rng), grid_order(Side::buy, 3, 50'000'000, rng)};
  c.buses = {0, 1, 2, 3, 3};
  const Cleared r = cleared(c);
  check_by_hand(c, r);
  CHECK(r.proposal.guarantee == Guarantee::exchanges);
  CHECK(r.proposal.fills == std::vector<ledger::WattHours>{{0}, {0}, {0}, {3}, {3}});
  CHECK(r.outcome.gap.value > 4'000'000);
  const auto refused = [&](const GridProposal& p) {
    const auto checked = check_proposal(c.orders, c.buses, c.limits, p);
    return checked ? "" : checked.error();
  };
  GridProposal proven = r.proposal;
  proven.guarantee = Guarantee::gap;
  CHECK(refused(proven).find("too far below") != std::string::npos);
  for (const std::int64_t wh : {0, 2}) {
    GridProposal less = r.proposal;
    less.fills = {{0}, {0}, {0}, {wh}, {wh}};
    CHECK(refused(less) == "grid-aware proposal: an exchange of one Wh makes it better");
  }
  // Nothing would tie a price to anything that the maker could choose.
  for (const std::int64_t eur : {1'000'000, 50'000'000}) {
    GridProposal priced = r.proposal;
    priced.balance = Wide{eur} * value_scale;
    priced.values = nodal_values(c.limits, priced.balance, {});
    CHECK(refused(priced) ==
          "grid-aware proposal: proven by exchanges, it has multipliers or a balance");
    priced = r.proposal;
    priced.multipliers = {{0, eur}};
    priced.values = nodal_values(c.limits, 0, priced.multipliers);
    CHECK(refused(priced) ==
          "grid-aware proposal: proven by exchanges, it has multipliers or a balance");
  }
  CHECK(r.outcome.prices[3].value == 25'500'000);
  // Equal orders share their group's fill, and too many of them are not proven so.
  GridProposal many = r.proposal;
  while (c.orders.size() <= most_exchanged) {
    c.orders.push_back(grid_order(Side::sell, 1, 100'000'000, rng));
    c.buses.push_back(0);
    many.fills.emplace_back();
  }
  CHECK(refused(many) == "grid-aware proposal: of so many orders exchanges prove nothing");
  c.orders.pop_back();
  c.buses.pop_back();
  many.fills.pop_back();
  CHECK(refused(many) == "");
}

namespace {

// Two pairs behind rows of rooms 10 and 0: what one pair takes back of the room the other one uses,
// and each pass frees a Wh.
GridCase passing_by_turns(std::int64_t wh) {
  Rng rng(1);
  GridCase c;
  c.limits = {8, {{{{1, 7}, {3, 1}}, 0}, {{{1, -92'566}, {2, 14}}, 0}}};
  c.orders = {grid_order(Side::sell, 50, 1'000'000, rng),
              grid_order(Side::buy, 300'000, 50'000'000, rng),
              grid_order(Side::buy, 300'000, 99'000'000, rng),
              grid_order(Side::sell, 3, 1'000'000, rng),
              grid_order(Side::buy, 3, 50'000'000, rng),
              grid_order(Side::buy, wh, 90'000'000, rng),
              grid_order(Side::sell, wh, 80'000'000, rng),
              grid_order(Side::sell, wh, 10'000'000, rng),
              grid_order(Side::buy, wh, 20'000'000, rng)};
  c.buses = {0, 1, 2, 3, 3, 4, 5, 6, 7};
  constexpr std::int64_t near = 1'000'000'000, half = near / 2;
  std::vector<LimitTerm> up{{4, near}, {5, near - 10}, {6, half}, {7, half - 10}}, down = up;
  for (LimitTerm& t : down) t.coefficient = -t.coefficient;
  c.limits.rows.push_back({up, 10});
  c.limits.rows.push_back({down, 0});
  return c;
}

}  // namespace

TEST_CASE("nodal: exchanges that rows let pass a Wh at a time end by their count") {
  const GridCase c = passing_by_turns(10'000'000);
  const auto groups = order_groups(c.orders, c.buses);
  const auto rows = rows_by_bus(c.limits);
  const std::vector<Wide> values(c.limits.buses);
  std::int64_t work = 1'000'000;
  WholeFills whole(groups, c.limits, rows, values, std::vector<std::int64_t>(groups.size()), work);
  whole.exchange();
  CHECK(work <= 0);
  CHECK(work > -1'000);
  // What holds until then.
  CHECK(whole.prices_pay());
  for (std::size_t r = 0; r < c.limits.rows.size(); ++r) CHECK(whole.excess(r) <= 0);
  CHECK(std::accumulate(whole.fills().begin(), whole.fills().end(), std::int64_t{0}) > 1'000);
  whole.fill_again();
  whole.take_back();
  CHECK(work > -1'000);
  // With few Wh they end by themselves.
  const Cleared few = cleared(passing_by_turns(1'000));
  CHECK(few.proposal.guarantee == Guarantee::exchanges);
  CHECK(few.outcome.volume.value > 1'500);
  // And the maker ends with many, too; of these orders it finds what is within the gap's bound.
  CHECK(cleared(c).proposal.guarantee == Guarantee::gap);
}

TEST_CASE("nodal: a check of exchanges looks at each pair once, and at the buses that it touches") {
  // Two pairs trade; all others would, but for the prices of those two.
  Rng rng(1);
  GridCase c;
  c.limits = {6, {{{{0, 1}, {3, -1}, {4, 1}, {5, 3}}, 0}}};
  c.orders = {grid_order(Side::buy, 1'000, 100'000'000, rng),
              grid_order(Side::sell, 1'000, 99'000'000, rng),
              grid_order(Side::buy, 1'000, 100'000'000, rng),
              grid_order(Side::sell, 1'000, 99'990'000, rng)};
  c.buses = {3, 4, 5, 0};
  for (std::int64_t i = 0; c.orders.size() < most_exchanged; ++i) {
    c.orders.push_back(grid_order(Side::buy, 10, 20'000'000 + i, rng));
    c.orders.push_back(grid_order(Side::sell, 10, 1'000'000 + i, rng));
    c.buses.insert(c.buses.end(), {3, 2});
  }
  GridProposal p;
  p.guarantee = Guarantee::exchanges;
  p.fills.resize(c.orders.size());
  for (std::size_t i = 0; i < 4; ++i) p.fills[i] = {1'000};
  p.values = nodal_values(c.limits, 0, {});
  REQUIRE(check_proposal(c.orders, c.buses, c.limits, p));
  const auto groups = order_groups(c.orders, c.buses);
  REQUIRE(groups.size() == most_exchanged);
  const auto rows = rows_by_bus(c.limits);
  std::vector<std::int64_t> fills;
  for (const OrderGroup& g : groups) fills.push_back(p.fills[g.orders.front()].value);
  std::int64_t work = 0;
  WholeFills whole(groups, c.limits, rows, p.values, fills, work);
  CHECK_FALSE(whole.better_by_exchange());
  constexpr std::int64_t pairs = most_exchanged * (most_exchanged - 1) / 2;
  std::printf("nodal: a check of exchanges of %zu orders: work of %lld\n", most_exchanged,
              static_cast<long long>(-work));
  CHECK(-work > pairs / 4);
  CHECK(-work < pairs * 100);
}

TEST_CASE("nodal: a multiplier of a row that counts all alike does not widen the gap's bound") {
  // Of a row without room upstream of all: any multiplier and the balance that undoes it leave
  // values and D as they are.
  Rng rng(1);
  GridCase c;
  c.limits = {4, {{{{1, 1000}, {2, 1000}, {3, 1000}}, 0}}};
  c.orders = {grid_order(Side::sell, 5'000, 80'000, rng),
              grid_order(Side::buy, 5'000, 220'000, rng)};
  c.buses = {1, 2};
  CHECK(cleared(c).outcome.volume.value == 5'000);
  GridProposal p;
  p.fills = {{0}, {0}};
  for (Wide m = 1; m < max_multiplier / 10; m *= 10) {
    p.multipliers = {{0, m}};
    p.balance = Wide{80'000} * value_scale - m * 1'000;
    p.values = nodal_values(c.limits, p.balance, p.multipliers);
    if (p.values.empty()) continue;
    const auto checked = check_proposal(c.orders, c.buses, c.limits, p);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().find("too far below") != std::string::npos);
  }
}
