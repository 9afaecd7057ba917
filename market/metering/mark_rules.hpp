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
//   unpapered      says that its meter was swapped and there are no papers, or says nothing of a
//                  swap that there are papers of
//   unattested     its slot closed while batches or marks of its gateway that count in the slot
//   were
//                  not attested (market/state/attestations.cpp): worth nothing, whatever it says
//   fell           a register is below the anchor's, and did not begin anew at its modulus
//   above_power    a register rose more than max_power x the time since the anchor
//   recovering     carries energy of a quarantine: no trade, no tokens
//   spanning       carries energy of earlier slots that had no mark: no trade, since what belongs
//   to
//                  this slot is not known; tokens yes, of this slot's vintage
//   metered        carries its slot's energy alone
//   uncertified    one of the last three where the chain asks for certificates and none holds for
//                  the meter in all slots that the energy is of: no trade, no tokens, ever

#include <string_view>

#include "market/entries/entries.hpp"

namespace market {

enum class Standing : std::uint8_t {
  metered = 0,
  unmarked = 1,  // the slot has no mark: nothing is settled
  quarantined = 2,
  fell = 3,
  above_power = 4,
  recovering = 5,
  spanning = 6,
  unpapered = 7,
  uncertified = 8,
  unattested = 9,
};
inline constexpr std::uint8_t standings = 10;
std::string_view name_of(Standing standing);

constexpr bool carries_energy(Standing s) {
  return s == Standing::metered || s == Standing::recovering || s == Standing::spanning ||
         s == Standing::uncertified;
}
constexpr bool trades(Standing s) { return s == Standing::metered; }
constexpr bool mints(Standing s) { return s == Standing::metered || s == Standing::spanning; }

// Registers here count on: through rollovers and swaps, so that they never fall.
struct Anchor {
  MilliWattHours import_register, export_register;
  Slot since;            // the first slot whose energy is not settled
  bool tainted = false;  // a mark was quarantined since
  bool swapped = false;  // its meter was, since the last mark
  // What makes the present meter's registers count on: whole Wh.
  MilliWattHours import_offset, export_offset;
};

// What the registry holds a meter's marks to.
struct MarkTerms {
  std::uint32_t max_power_w = 0;
  MilliWattHours modulus;  // at which registers begin anew, 0: at none
  std::int64_t slot_ms = 0;
};

struct JudgedMark {
  Standing standing{};
  MilliWattHours import_rise, export_rise;  // over the anchor, where the mark carries energy
  WattHours imported, exported;             // the same as differences of whole Wh
  Anchor next;                              // the anchor after the mark
};

// since <= mark.slot.
JudgedMark judge(const Anchor& anchor, const Mark& mark, const MarkTerms& terms);

// What any mark is worth where its slot is not attested.
JudgedMark unattested(const Anchor& anchor);

// The anchor after its meter was swapped: nothing is settled by that.
Anchor after(const Anchor& anchor, const MeterSwap& swap);
// Whether the papers close the old meter no lower than what is settled.
bool closes_above(const Anchor& anchor, const MeterSwap& swap);

}  // namespace market
