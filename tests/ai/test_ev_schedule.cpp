#include <algorithm>
#include <doctest/doctest.h>
#include <numeric>

#include "ai/ev_schedule.hpp"
#include "ledger/base/rng.hpp"

using namespace ai;
using ledger::hours;
using ledger::minutes;
using ledger::Price;
using ledger::Rng;

namespace {

std::int64_t between(Rng& rng, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(high - low) + 1));
}

// What charging so much in a slot adds to the home's cost.
std::int64_t added_cost(const PricedSlot& s, std::int64_t wh) {
  return cost_of_flow(s, s.net_wh + wh) - cost_of_flow(s, s.net_wh);
}

// By trying every whole Wh in every slot.
std::int64_t least_cost(std::span<const PricedSlot> slots, std::span<const std::int64_t> limits,
                        std::int64_t needed) {
  if (slots.empty()) return needed == 0 ? 0 : INT64_MAX;
  std::int64_t least = INT64_MAX;
  for (std::int64_t wh = 0; wh <= std::min(limits[0], needed); ++wh) {
    const std::int64_t rest = least_cost(slots.subspan(1), limits.subspan(1), needed - wh);
    if (rest != INT64_MAX) least = std::min(least, rest + added_cost(slots[0], wh));
  }
  return least;
}

}  // namespace

TEST_CASE("no charging of whole Wh costs less than the plan") {
  Rng rng(3);
  int short_of = 0;
  for (int i = 0; i < 3000; ++i) {
    CAPTURE(i);
    const std::size_t count = 1 + rng.below(4);
    std::vector<PricedSlot> slots(count);
    std::vector<std::int64_t> own(count), limits(count);
    EvTask task{minutes(between(rng, 0, 40)), minutes(between(rng, 20, 80)), minutes(20),
                between(rng, 0, 20), between(rng, 0, 24)};
    for (std::size_t s = 0; s < count; ++s) {
      const std::int64_t low = between(rng, -20, 200);
      slots[s] = {Price{between(rng, low, 400)}, Price{low}, between(rng, -8, 8)};
      own[s] = between(rng, 0, 8);
      limits[s] = std::min(own[s], plugged_wh(task, s));
    }
    const auto plan = plan_charging(task, slots, own);
    REQUIRE(plan);
    std::int64_t charged = 0, cost = 0;
    for (std::size_t s = 0; s < count; ++s) {
      REQUIRE(plan->charge_wh[s] <= limits[s]);
      REQUIRE(plan->charge_wh[s] >= 0);
      charged += plan->charge_wh[s];
      cost += added_cost(slots[s], plan->charge_wh[s]);
    }
    const std::int64_t all = std::accumulate(limits.begin(), limits.end(), std::int64_t{0});
    REQUIRE(charged == std::min(all, task.needed_wh));
    REQUIRE(plan->unmet_wh == task.needed_wh - charged);
    REQUIRE(plan->cost_nano_eur == cost);
    REQUIRE(cost == least_cost(slots, limits, charged));
    short_of += plan->unmet_wh > 0;
  }
  CHECK(short_of > 100);
}

TEST_CASE("a car charges in the cheap hours of its night, within the time that it is there") {
  std::vector<PricedSlot> night(8, {{320'000}, {80'000}, 300});
  night[5].import_price = night[6].import_price = {180'000};
  EvTask task{minutes(30), hours(7) + minutes(30), hours(1), 15'000, 11'000};
  const auto plan = plan_charging(task, night);
  REQUIRE(plan);
  CHECK(plan->charge_wh == std::vector<std::int64_t>{0, 0, 0, 0, 0, 11'000, 4'000, 0});
  CHECK(plugged_wh(task, 0) == 5'500);
  CHECK(plugged_wh(task, 7) == 5'500);
  task.needed_wh = 100'000;
  const auto all = plan_charging(task, night);
  REQUIRE(all);
  CHECK(all->unmet_wh == 100'000 - 77'000);
  CHECK(all->charge_wh[7] == 5'500);
}

TEST_CASE("surplus of the own roof comes before what is bought at a higher price") {
  const std::vector<PricedSlot> day{{{150'000}, {80'000}, 500}, {{320'000}, {80'000}, -2000}};
  const EvTask task{{}, hours(2), hours(1), 3000, 11'000};
  const auto plan = plan_charging(task, day);
  REQUIRE(plan);
  CHECK(plan->charge_wh == std::vector<std::int64_t>{1000, 2000});
  CHECK(plan->cost_nano_eur == 150'000 * 1000 + 80'000 * 2000);
}

TEST_CASE("a slot that pays more for export than import costs is refused by its number") {
  const std::vector<PricedSlot> day{{{150'000}, {80'000}, 0}, {{70'000}, {80'000}, 0}};
  const auto plan = plan_charging({{}, hours(2), hours(1), 3000, 11'000}, day);
  REQUIRE_FALSE(plan);
  CHECK(plan.error() == "slot 1: the export price is above the import price");
}
