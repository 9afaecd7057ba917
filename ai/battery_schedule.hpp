#pragma once
// When a home's battery charges and discharges in the slots to come, at the least cost of the
// home's energy: exact on a grid of charge levels, by dynamic programming backwards over slots
// (Bellman, 1957).
//
//   levels     0 to n, `level_wh` apart; a start between two counts as the lower one
//   a slot     from level i to j; at the terminals, charging positive, rounded half away from zero:
//                up      (j - i) level_wh 1000 / efficiency_permille
//                down   -(i - j) level_wh efficiency_permille / 1000
//              at most `most_wh`
//   cost       import price x what the meter then imports, or export price x what it exports, taken
//              off; in nano-EUR, exact
//   the end    at least `final_wh`; where that cannot be reached, the highest level that can
// Of plans of equal cost the one whose next move is smaller, then the one that ends higher. Work is
// slots x levels x the levels that a slot reaches.

#include <cstdint>
#include <span>
#include <vector>

#include "ledger/base/amounts.hpp"

namespace ai {

// What a slot's energy costs, and what the home does without its battery (import positive).
struct PricedSlot {
  ledger::Price import_price, export_price;  // of either sign, within 100 EUR/kWh
  std::int64_t net_wh = 0;                   // within 10 MWh
};

struct BatteryTask {
  std::int64_t level_wh = 1;                  // >= 1
  std::size_t levels = 100;                   // n >= 1: the capacity is n level_wh
  std::int64_t most_wh = 0;                   // at the terminals in a slot, >= 0
  std::int64_t efficiency_permille = 950;     // each way, 1 to 1000
  std::int64_t initial_wh = 0, final_wh = 0;  // stored, within 0 and the capacity
};

struct BatteryPlan {
  std::vector<std::int64_t> terminal_wh;  // by slot, charging positive
  std::vector<std::int64_t> stored_wh;    // at each slot's end
  std::int64_t cost_nano_eur = 0;         // of the home's energy over all slots
  // Of all slots behind the first one, by the level at which they begin; INT64_MAX where the end
  // is not to be had from there. What a stored Wh is worth by the first slot's end is its fall.
  std::vector<std::int64_t> cost_behind_first;
  bool reaches_final = true;
};

// What moves the battery from one level to another in a slot.
std::int64_t terminal_wh(const BatteryTask& task, std::size_t from, std::size_t to);

// At most 100,000 slots.
BatteryPlan plan_battery(const BatteryTask& task, std::span<const PricedSlot> slots);

// In nano-EUR: micro-EUR/kWh times Wh. Below 0 where the meter earns.
std::int64_t cost_of_flow(const PricedSlot& slot, std::int64_t flow_wh);

}  // namespace ai
