#pragma once
// When a car charges while it is plugged in, at the least cost: from the cheapest energy up. That
// is exact, since a slot's cost is convex where its import price is not below its export price: a
// Wh is worth the export price as long as the home has surplus, and the import price beyond.
//
//   a slot's limit   floor(power x the part of the slot in which the car is plugged in), and the
//                    slot's own limit where it has one
//   ties             surplus before import, then the lower rank where slots have one, then the
//                    earlier slot
//   too much         where all limits together fall short, each slot is filled and the rest is said
//                    to be unmet
// A plan's energies are charged from the slot's beginning, or the arrival, at the power limit: so a
// part of a slot is no power below what a car can charge at (IEC 61851-1: 6 A).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ai/battery_schedule.hpp"
#include "ledger/base/result.hpp"
#include "ledger/base/time.hpp"

namespace ai {

struct EvTask {
  ledger::Duration arrival, departure;  // from the first slot's beginning
  ledger::Duration slot;                // > 0: how long one is
  std::int64_t needed_wh = 0;           // at the plug, >= 0
  std::int64_t power_w = 0;             // of the plug, 0 to 10 MW
};

struct EvPlan {
  std::vector<std::int64_t> charge_wh;  // by slot, at the plug
  std::int64_t unmet_wh = 0;
  std::int64_t cost_nano_eur = 0;  // more than the home's cost without the car
};

// `limits_wh` and `ranks`: of each slot, or empty. Refused: a slot whose export price is above its
// import price, where the order above is none; the error says which.
ledger::Result<EvPlan> plan_charging(const EvTask& task, std::span<const PricedSlot> slots,
                                     std::span<const std::int64_t> limits_wh = {},
                                     std::span<const std::uint64_t> ranks = {});

// What can be charged in a slot by power and time alone.
std::int64_t plugged_wh(const EvTask& task, std::size_t slot);

}  // namespace ai
