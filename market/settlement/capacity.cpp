#include "market/settlement/capacity.hpp"

#include <algorithm>

namespace market {

using namespace ledger;

WattHours peak_after(WattHours before, WattHours imported, Standing standing) {
  return trades(standing) ? std::max(before, imported) : before;
}

// Wh / (slot_ms / 3,600,000 h) / 1000 W are kW.
MicroEuros capacity_cost(WattHours peak, const Tariff& tariff) {
  return {mul_div_round(peak.value * 3600, tariff.capacity_price.value, tariff.slot_ms)};
}

CapacityLine capacity_line(WattHours before, WattHours imported, Standing standing,
                           const Tariff& tariff) {
  const WattHours peak = peak_after(before, imported, standing);
  if (peak == before) return {before, peak, {}};
  return {before, peak, capacity_cost(peak, tariff) - capacity_cost(before, tariff)};
}

std::int32_t month_of(const Genesis& genesis, Slot slot) {
  const CivilFields began = fields_of(
      local_time(genesis.zone, genesis.epoch.unix_ms + std::int64_t{slot.value} * genesis.slot_ms));
  return 12 * began.year + began.month - 1;
}

std::string power_text(WattHours peak, std::int64_t slot_ms) {
  const std::int64_t watts = mul_div_round(peak.value, 3'600'000, slot_ms);
  std::string decimals = std::to_string(1000 + watts % 1000).substr(1);
  while (decimals.size() > 1 && decimals.back() == '0') decimals.pop_back();
  return std::to_string(watts / 1000) + "." + decimals + " kW";
}

bool peak_goes_on(const Genesis& genesis, Slot slot, Slot first_slot) {
  if (slot <= first_slot) return false;
  return month_of(genesis, {slot.value - 1}) == month_of(genesis, slot);
}

}  // namespace market
