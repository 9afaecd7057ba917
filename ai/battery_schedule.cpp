#include "ai/battery_schedule.hpp"

#include <algorithm>

namespace ai {

using ledger::invariant;
using ledger::mul_div_round;

namespace {

constexpr std::int64_t unreachable = INT64_MAX;
constexpr std::int64_t most_price = 100'000'000, most_energy_wh = 10'000'000;
constexpr std::size_t most_slots = 100'000;

void check(const BatteryTask& t, std::span<const PricedSlot> slots) {
  invariant(t.level_wh >= 1 && t.levels >= 1 && t.most_wh >= 0, "a battery with levels");
  invariant(t.levels <= 10'000 && t.level_wh <= most_energy_wh, "a battery of the grid's size");
  invariant(1 <= t.efficiency_permille && t.efficiency_permille <= 1000, "an efficiency");
  const auto capacity_wh = static_cast<std::int64_t>(t.levels) * t.level_wh;
  for (const std::int64_t charge : {t.initial_wh, t.final_wh})
    invariant(0 <= charge && charge <= capacity_wh, "a charge that the battery can hold");
  invariant(slots.size() <= most_slots, "a horizon of the table's size");
  for (const PricedSlot& s : slots) {
    for (const ledger::Price p : {s.import_price, s.export_price})
      invariant(-most_price <= p.value && p.value <= most_price, "a price within bounds");
    invariant(-most_energy_wh <= s.net_wh && s.net_wh <= most_energy_wh, "an energy within bounds");
  }
}

// How many levels a slot reaches from anywhere, up and down.
struct Reach {
  std::size_t up = 0, down = 0;
};
Reach reach_of(const BatteryTask& t) {
  Reach out;
  while (out.up < t.levels && terminal_wh(t, 0, out.up + 1) <= t.most_wh) ++out.up;
  while (out.down < t.levels && -terminal_wh(t, out.down + 1, 0) <= t.most_wh) ++out.down;
  return out;
}

class Table {
 public:
  Table(const BatteryTask& task, std::span<const PricedSlot> slots)
      : task_(task), slots_(slots), reach_(reach_of(task)) {}

  BatteryPlan plan() {
    const auto start = static_cast<std::size_t>(task_.initial_wh / task_.level_wh);
    const auto wanted =
        static_cast<std::size_t>((task_.final_wh + task_.level_wh - 1) / task_.level_wh);
    const std::size_t highest = std::min(task_.levels, start + slots_.size() * reach_.up);
    fill(std::min(wanted, highest));
    return follow(start, highest >= wanted);
  }

 private:
  void fill(std::size_t least_at_end) {
    std::vector<std::int64_t> after(task_.levels + 1, unreachable), here(after);
    std::fill(after.begin() + static_cast<std::ptrdiff_t>(least_at_end), after.end(), 0);
    next_.assign(slots_.size() * (task_.levels + 1), 0);
    behind_first_ = after;
    for (std::size_t s = slots_.size(); s-- > 0;) {
      if (s == 0) behind_first_ = after;
      for (std::size_t i = 0; i <= task_.levels; ++i) here[i] = best(s, i, after);
      std::swap(here, after);
    }
    cost_ = after;
  }

  // The smaller move first, upwards before downwards, so that a tie keeps it.
  std::int64_t best(std::size_t s, std::size_t i, const std::vector<std::int64_t>& after) {
    std::int64_t least = unreachable;
    std::size_t& next = next_[s * (task_.levels + 1) + i];
    const auto consider = [&](std::size_t j) {
      if (after[j] == unreachable) return;
      const std::int64_t flow = slots_[s].net_wh + terminal_wh(task_, i, j);
      const std::int64_t cost = after[j] + cost_of_flow(slots_[s], flow);
      if (cost >= least) return;
      least = cost;
      next = j;
    };
    for (std::size_t by = 0; by <= std::max(reach_.up, reach_.down); ++by) {
      if (by <= reach_.up && i + by <= task_.levels) consider(i + by);
      if (by > 0 && by <= reach_.down && by <= i) consider(i - by);
    }
    return least;
  }

  BatteryPlan follow(std::size_t level, bool reaches_final) const {
    BatteryPlan out;
    out.cost_nano_eur = cost_[level];
    out.cost_behind_first = behind_first_;
    out.reaches_final = reaches_final;
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      const std::size_t next = next_[s * (task_.levels + 1) + level];
      out.terminal_wh.push_back(terminal_wh(task_, level, next));
      out.stored_wh.push_back(static_cast<std::int64_t>(next) * task_.level_wh);
      level = next;
    }
    return out;
  }

  const BatteryTask& task_;
  std::span<const PricedSlot> slots_;
  Reach reach_;
  std::vector<std::size_t> next_;   // by slot and level
  std::vector<std::int64_t> cost_;  // from each level on, of all slots
  std::vector<std::int64_t> behind_first_;
};

}  // namespace

std::int64_t terminal_wh(const BatteryTask& t, std::size_t from, std::size_t to) {
  const auto levels = static_cast<std::int64_t>(to) - static_cast<std::int64_t>(from);
  const std::int64_t stored = levels * t.level_wh;
  return stored >= 0 ? mul_div_round(stored, 1000, t.efficiency_permille)
                     : mul_div_round(stored, t.efficiency_permille, 1000);
}

std::int64_t cost_of_flow(const PricedSlot& slot, std::int64_t flow_wh) {
  return flow_wh * (flow_wh > 0 ? slot.import_price : slot.export_price).value;
}

BatteryPlan plan_battery(const BatteryTask& task, std::span<const PricedSlot> slots) {
  check(task, slots);
  return Table(task, slots).plan();
}

}  // namespace ai
