#include "market/metering/mark_rules.hpp"

#include <array>

namespace market {

std::string_view name_of(Standing standing) {
  constexpr std::array<std::string_view, standings> names{
      "metered",    "unmarked", "quarantined", "fell",        "above power",
      "recovering", "spanning", "unpapered",   "uncertified", "unattested"};
  return names[static_cast<std::size_t>(standing)];
}

namespace {

// A register on its way on from the anchor's.
struct Counted {
  MilliWattHours rise, offset;
  WattHours whole;
};

std::optional<Counted> count_on(MilliWattHours anchor, MilliWattHours offset, MilliWattHours read,
                                MilliWattHours modulus) {
  const auto rise = register_rise(anchor, read + offset, modulus);
  if (!rise) return std::nullopt;
  const MilliWattHours now = anchor + *rise;
  return Counted{*rise, now - read, whole_watt_hours(now) - whole_watt_hours(anchor)};
}

JudgedMark without_energy(Standing standing, const Anchor& anchor) {
  JudgedMark out{standing, {}, {}, {}, {}, anchor};
  out.next.tainted = true;
  out.next.swapped = false;
  return out;
}

}  // namespace

JudgedMark judge(const Anchor& anchor, const Mark& mark, const MarkTerms& terms) {
  if (mark.quarantined) return without_energy(Standing::quarantined, anchor);
  if (mark.swapped != anchor.swapped) return without_energy(Standing::unpapered, anchor);
  const auto imported =
      count_on(anchor.import_register, anchor.import_offset, mark.import_register, terms.modulus);
  const auto exported =
      count_on(anchor.export_register, anchor.export_offset, mark.export_register, terms.modulus);
  if (!imported || !exported) return without_energy(Standing::fell, anchor);
  const Wide slots = static_cast<Wide>(mark.slot.value) - anchor.since.value + 1;
  const Wide most_mwh = slots * terms.max_power_w * terms.slot_ms / 3600;  // W ms / 3600 = mWh
  if (imported->rise.value > most_mwh || exported->rise.value > most_mwh)
    return without_energy(Standing::above_power, anchor);
  JudgedMark out{Standing::metered, imported->rise,  exported->rise,
                 imported->whole,   exported->whole, anchor};
  if (anchor.tainted)
    out.standing = Standing::recovering;
  else if (anchor.since < mark.slot)
    out.standing = Standing::spanning;
  out.next = {anchor.import_register + imported->rise,
              anchor.export_register + exported->rise,
              {mark.slot.value + 1},
              false,
              false,
              imported->offset,
              exported->offset};
  return out;
}

JudgedMark unattested(const Anchor& anchor) { return without_energy(Standing::unattested, anchor); }

Anchor after(const Anchor& anchor, const MeterSwap& swap) {
  Anchor out = anchor;
  out.import_offset += swap.closing_import - swap.opening_import;
  out.export_offset += swap.closing_export - swap.opening_export;
  out.swapped = true;
  return out;
}

bool closes_above(const Anchor& anchor, const MeterSwap& swap) {
  return swap.closing_import + anchor.import_offset >= anchor.import_register &&
         swap.closing_export + anchor.export_offset >= anchor.export_register;
}

}  // namespace market
