#include "ai/ev_schedule.hpp"

#include <algorithm>
#include <tuple>

namespace ai {

using ledger::Duration;
using ledger::Result;

namespace {

constexpr std::int64_t most_power_w = 10'000'000;
constexpr std::int64_t ns_an_hour = 3'600'000'000'000;

// Energy of one price in one slot.
struct Tier {
  std::int64_t price;
  bool imported;
  std::uint64_t rank;
  std::size_t slot;
  std::int64_t energy_wh;
};

void add_tiers(const PricedSlot& s, std::uint64_t rank, std::size_t slot, std::int64_t limit_wh,
               std::vector<Tier>& out) {
  const std::int64_t surplus_wh = std::clamp<std::int64_t>(-s.net_wh, 0, limit_wh);
  if (surplus_wh > 0) out.push_back({s.export_price.value, false, rank, slot, surplus_wh});
  if (limit_wh > surplus_wh)
    out.push_back({s.import_price.value, true, rank, slot, limit_wh - surplus_wh});
}

}  // namespace

std::int64_t plugged_wh(const EvTask& task, std::size_t slot) {
  const Duration begin = task.slot * static_cast<std::int64_t>(slot);
  const Duration from = std::max(begin, task.arrival);
  const Duration to = std::min(begin + task.slot, task.departure);
  if (to <= from) return 0;
  return static_cast<std::int64_t>(static_cast<ledger::Wide>(task.power_w) * (to - from).ns /
                                   ns_an_hour);
}

Result<EvPlan> plan_charging(const EvTask& task, std::span<const PricedSlot> slots,
                             std::span<const std::int64_t> limits_wh,
                             std::span<const std::uint64_t> ranks) {
  ledger::invariant(task.slot > Duration{} && task.needed_wh >= 0, "a car that wants energy");
  ledger::invariant(0 <= task.power_w && task.power_w <= most_power_w, "a power within bounds");
  ledger::invariant(limits_wh.empty() || limits_wh.size() == slots.size(), "a limit a slot");
  ledger::invariant(ranks.empty() || ranks.size() == slots.size(), "a rank a slot");
  std::vector<Tier> tiers;
  for (std::size_t s = 0; s < slots.size(); ++s) {
    if (slots[s].import_price < slots[s].export_price)
      return ledger::failure("slot " + std::to_string(s) +
                             ": the export price is above the import price");
    const std::int64_t own = limits_wh.empty() ? INT64_MAX : limits_wh[s];
    add_tiers(slots[s], ranks.empty() ? 0 : ranks[s], s,
              std::max<std::int64_t>(std::min(plugged_wh(task, s), own), 0), tiers);
  }
  std::sort(tiers.begin(), tiers.end(), [](const Tier& a, const Tier& b) {
    return std::tie(a.price, a.imported, a.rank, a.slot) <
           std::tie(b.price, b.imported, b.rank, b.slot);
  });
  EvPlan out;
  out.charge_wh.assign(slots.size(), 0);
  out.unmet_wh = task.needed_wh;
  for (const Tier& t : tiers) {
    const std::int64_t taken = std::min(t.energy_wh, out.unmet_wh);
    out.charge_wh[t.slot] += taken;
    out.unmet_wh -= taken;
    out.cost_nano_eur += taken * t.price;
  }
  return out;
}

}  // namespace ai
