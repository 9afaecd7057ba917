#pragma once
// What a gateway's mark of one meter is worth. Each mark is judged by itself: no mark of one meter
// stops another's.
//
// An anchor is where a meter's settled energy ends: the registers of its last mark that carried
// energy, or its registration's. A mark carries the rise of its registers over the anchor and
// becomes the next anchor, unless it is quarantined: then it carries nothing, the anchor stays, and
// its slot settles without energy. The first mark that carries energy after a quarantined one holds
// that quarantine's energy too, so it settles with the retailer and mints nothing.
//
//   quarantined    its gateway says so: a reading since the mark before failed a rule
//   fell           a register is below the anchor's
//   above_power    a register rose more than max_power x the time since the anchor
//   recovering     carries energy of a quarantine: no trade, no tokens
//   spanning       carries energy of earlier slots that had no mark: no trade, since what belongs
//   to
//                  this slot is not known; tokens yes, of this slot's vintage
//   metered        carries its slot's energy alone

#include <string_view>

#include "market/entries.hpp"

namespace market {

enum class Standing : std::uint8_t {
  metered = 0,
  unmarked = 1,  // the slot has no mark: nothing is settled
  quarantined = 2,
  fell = 3,
  above_power = 4,
  recovering = 5,
  spanning = 6,
};
inline constexpr std::uint8_t standings = 7;
std::string_view name_of(Standing standing);

constexpr bool carries_energy(Standing s) {
  return s == Standing::metered || s == Standing::recovering || s == Standing::spanning;
}
constexpr bool trades(Standing s) { return s == Standing::metered; }
constexpr bool mints(Standing s) { return s == Standing::metered || s == Standing::spanning; }

struct Anchor {
  MilliWattHours import_register, export_register;
  Slot since;            // the first slot whose energy is not settled
  bool tainted = false;  // a mark was quarantined since
};

// since <= mark.slot.
Standing judge(const Anchor& anchor, const Mark& mark, std::uint32_t max_power_w,
               std::int64_t slot_ms);

// The anchor after the mark.
Anchor advanced(const Anchor& anchor, const Mark& mark, Standing standing);

}  // namespace market
