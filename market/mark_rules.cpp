#include "market/mark_rules.hpp"

#include <array>

namespace market {

std::string_view name_of(Standing standing) {
  constexpr std::array<std::string_view, standings> names{
      "metered", "unmarked", "quarantined", "fell", "above power", "recovering", "spanning"};
  return names[static_cast<std::size_t>(standing)];
}

Standing judge(const Anchor& anchor, const Mark& mark, std::uint32_t max_power_w,
               std::int64_t slot_ms) {
  if (mark.quarantined) return Standing::quarantined;
  const MilliWattHours imported = mark.import_register - anchor.import_register;
  const MilliWattHours exported = mark.export_register - anchor.export_register;
  if (imported.value < 0 || exported.value < 0) return Standing::fell;
  const Wide slots = static_cast<Wide>(mark.slot.value) - anchor.since.value + 1;
  const Wide most_mwh = slots * max_power_w * slot_ms / 3600;  // W ms / 3600 = mWh
  if (imported.value > most_mwh || exported.value > most_mwh) return Standing::above_power;
  if (anchor.tainted) return Standing::recovering;
  return anchor.since < mark.slot ? Standing::spanning : Standing::metered;
}

Anchor advanced(const Anchor& anchor, const Mark& mark, Standing standing) {
  if (carries_energy(standing))
    return {mark.import_register, mark.export_register, {mark.slot.value + 1}, false};
  Anchor out = anchor;
  out.tainted = true;
  return out;
}

}  // namespace market
