#include <algorithm>
#include <doctest/doctest.h>
#include <numeric>

#include "ai/battery_schedule.hpp"
#include "ledger/base/rng.hpp"

using namespace ai;
using ledger::Price;
using ledger::Rng;

namespace {

// By trying every way through the levels.
std::int64_t least_cost(const BatteryTask& t, std::span<const PricedSlot> slots, std::size_t level,
                        std::size_t at_end) {
  if (slots.empty()) return level >= at_end ? 0 : INT64_MAX;
  std::int64_t least = INT64_MAX;
  for (std::size_t j = 0; j <= t.levels; ++j) {
    const std::int64_t moved = terminal_wh(t, level, j);
    if (std::abs(moved) > t.most_wh) continue;
    const std::int64_t rest = least_cost(t, slots.subspan(1), j, at_end);
    if (rest == INT64_MAX) continue;
    least = std::min(least, rest + cost_of_flow(slots[0], slots[0].net_wh + moved));
  }
  return least;
}

std::int64_t between(Rng& rng, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(high - low) + 1));
}

BatteryTask random_task(Rng& rng) {
  BatteryTask t;
  t.levels = 1 + rng.below(5);
  t.level_wh = between(rng, 1, 400);
  t.most_wh = between(rng, 0, 900);
  t.efficiency_permille = between(rng, 700, 1000);
  const std::int64_t capacity = static_cast<std::int64_t>(t.levels) * t.level_wh;
  t.initial_wh = between(rng, 0, capacity);
  t.final_wh = between(rng, 0, capacity);
  return t;
}

std::vector<PricedSlot> random_slots(Rng& rng, std::size_t count) {
  std::vector<PricedSlot> out(count);
  for (PricedSlot& s : out)
    s = {Price{between(rng, -50'000, 400'000)}, Price{between(rng, -50'000, 200'000)},
         between(rng, -1000, 1000)};
  return out;
}

// What a plan says of itself must follow from its own moves.
void check_plan(const BatteryTask& t, std::span<const PricedSlot> slots, const BatteryPlan& plan) {
  std::int64_t stored = t.initial_wh / t.level_wh * t.level_wh, cost = 0;
  for (std::size_t s = 0; s < slots.size(); ++s) {
    REQUIRE(std::abs(plan.terminal_wh[s]) <= t.most_wh);
    REQUIRE(plan.stored_wh[s] >= 0);
    REQUIRE(plan.stored_wh[s] <= static_cast<std::int64_t>(t.levels) * t.level_wh);
    REQUIRE(terminal_wh(t, static_cast<std::size_t>(stored / t.level_wh),
                        static_cast<std::size_t>(plan.stored_wh[s] / t.level_wh)) ==
            plan.terminal_wh[s]);
    cost += cost_of_flow(slots[s], slots[s].net_wh + plan.terminal_wh[s]);
    stored = plan.stored_wh[s];
  }
  REQUIRE(cost == plan.cost_nano_eur);
  REQUIRE((stored >= t.final_wh) == plan.reaches_final);
}

}  // namespace

TEST_CASE("no way through the levels costs less than the plan") {
  Rng rng(1);
  int unreached = 0;
  for (int i = 0; i < 3000; ++i) {
    CAPTURE(i);
    const BatteryTask t = random_task(rng);
    const auto slots = random_slots(rng, rng.below(5));
    const BatteryPlan plan = plan_battery(t, slots);
    check_plan(t, slots, plan);
    const auto start = static_cast<std::size_t>(t.initial_wh / t.level_wh);
    auto at_end = static_cast<std::size_t>((t.final_wh + t.level_wh - 1) / t.level_wh);
    if (!plan.reaches_final) {
      ++unreached;
      REQUIRE(least_cost(t, slots, start, at_end) == INT64_MAX);
      while (least_cost(t, slots, start, at_end) == INT64_MAX) --at_end;
    }
    REQUIRE(plan.cost_nano_eur == least_cost(t, slots, start, at_end));
  }
  CHECK(unreached > 100);
}

// 1,000 Wh bought at 0.10 come back as 902 (95 % each way), which 0.30 pays for and 0.11 does not.
TEST_CASE("a battery moves energy to dear hours where that pays for its losses") {
  BatteryTask t;
  t.level_wh = 50;
  t.levels = 40;
  t.most_wh = 1000;
  const auto plan_at = [&](std::int64_t later) {
    const std::vector<PricedSlot> slots{{{100'000}, {0}, 0}, {{later}, {0}, 2000}};
    return plan_battery(t, slots);
  };
  const BatteryPlan pays = plan_at(300'000);
  CHECK(pays.stored_wh == std::vector<std::int64_t>{950, 0});
  CHECK(pays.terminal_wh == std::vector<std::int64_t>{1000, -903});  // 902.5, rounded
  CHECK(pays.cost_nano_eur == 100'000 * 1000 + 300'000 * (2000 - 903));
  CHECK(plan_at(110'000).terminal_wh == std::vector<std::int64_t>{0, 0});
}

TEST_CASE("surplus is stored for the evening rather than sold for little") {
  BatteryTask t;
  t.level_wh = 100;
  t.levels = 50;
  t.most_wh = 1250;
  std::vector<PricedSlot> day(8, {{320'000}, {80'000}, 600});
  for (std::size_t s = 2; s < 5; ++s) day[s].net_wh = -1100;
  const BatteryPlan plan = plan_battery(t, day);
  const auto without = std::accumulate(
      day.begin(), day.end(), std::int64_t{0},
      [](std::int64_t sum, const PricedSlot& s) { return sum + cost_of_flow(s, s.net_wh); });
  CHECK(plan.cost_nano_eur < without);
  for (std::size_t s = 0; s < day.size(); ++s) CHECK(day[s].net_wh * plan.terminal_wh[s] <= 0);
  CHECK(plan.stored_wh.back() == 0);
}

TEST_CASE("of equal plans the one that moves less is taken, and an empty horizon plans nothing") {
  BatteryTask t;
  t.level_wh = 10;
  t.levels = 100;
  t.most_wh = 500;
  t.efficiency_permille = 1000;
  t.initial_wh = 500;
  const std::vector<PricedSlot> flat(6, {{200'000}, {200'000}, 100});
  BatteryTask keeps = t;
  keeps.final_wh = 500;
  CHECK(plan_battery(keeps, flat).terminal_wh == std::vector<std::int64_t>(6, 0));
  const BatteryPlan none = plan_battery(t, {});
  CHECK(none.terminal_wh.empty());
  CHECK(none.cost_nano_eur == 0);
}
