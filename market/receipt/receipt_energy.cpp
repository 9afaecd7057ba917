#include "market/receipt/receipt_energy.hpp"

#include <algorithm>

#include "market/receipt/receipt_checks.hpp"

namespace market {

namespace {

bool has_energy(const Statement& s) { return s.imported.value != 0 || s.exported.value != 0; }

// A mark may be quarantined for readings of slots before it that had no mark of their own.
void check_mark(const Mark& mark, const Statement& statement, const ReceiptReadings& r, Slot slot,
                const Genesis& genesis) {
  want(quarantines(r.verdict) == mark.quarantined || (mark.quarantined && statement.since < slot),
       "quarantine of the mark is not what the records' verdicts say");
  const std::int64_t end_ms = (std::int64_t{slot.value} + 1) * genesis.slot_ms;
  const auto end = std::find_if(r.readings.rbegin(), r.readings.rend(),
                                [&](const Reading& reading) { return reading.time_ms == end_ms; });
  want(end != r.readings.rend() && end->import_register == mark.import_register &&
           end->export_register == mark.export_register,
       "the slot's last reading is not the mark");
}

// Where the statement's energy begins, and the swaps behind that.
Anchor anchor_at_start(const ReceiptOpenings& o) {
  Anchor out{o.registration.import_register,
             o.registration.export_register,
             o.statement.since,
             o.statement.standing == Standing::recovering,
             false,
             {},
             {}};
  if (o.before) {
    out.import_register = o.before->import_register;
    out.export_register = o.before->export_register;
  }
  for (const MeterSwap& swap : o.swaps)
    if (swap.slot >= o.statement.since) out = after(out, swap);
  out.swapped = o.mark->swapped;
  return out;
}

// In all slots that the energy is of.
bool is_certified(const ReceiptOpenings& o, Slot slot, const Genesis& genesis) {
  return !genesis.certificates ||
         std::any_of(o.certificates.begin(), o.certificates.end(), [&](const MeterCertificate& c) {
           return c.covers(o.statement.since, slot) && o.meter_keys.of_device(slot, c.meter_key);
         });
}

void check_judged(const ReceiptOpenings& o, const Anchor& anchor, Slot slot,
                  const Genesis& genesis) {
  const Statement& s = o.statement;
  const JudgedMark judged =
      judge(anchor, *o.mark, {o.registration.max_power_w, o.registration.modulus, genesis.slot_ms});
  const bool counts = !carries_energy(judged.standing) || is_certified(o, slot, genesis);
  want((counts ? judged.standing : Standing::uncertified) == s.standing,
       "the mark is not \"" + std::string(name_of(s.standing)) + "\"");
  want(judged.imported == s.imported && judged.exported == s.exported,
       "statement's energy is not the difference of the marks");
}

}  // namespace

std::string check_energy(const ReceiptOpenings& openings, const ReceiptReadings& readings,
                         Slot slot, const Genesis& genesis) {
  const Statement& s = openings.statement;
  const std::string standing(name_of(s.standing));
  if (!openings.mark) {
    want(s.standing == Standing::unmarked && !has_energy(s),
         "the slot has no mark, and the statement has energy");
    return "the slot has no mark: nothing is billed";
  }
  check_mark(*openings.mark, s, readings, slot, genesis);
  // What was attested when the slot closed is the validators' word.
  if (s.standing == Standing::unattested) {
    want(!has_energy(s), "a mark that was not attested carries energy");
    return standing;
  }
  const Anchor anchor = anchor_at_start(openings);
  want(!anchor.tainted || anchor.since < slot, "there was nothing to recover from");
  if (s.standing == Standing::unpapered) {
    want(!openings.mark->quarantined && !has_energy(s), "a mark without papers carries energy");
    return standing;
  }
  check_judged(openings, anchor, slot, genesis);
  return std::to_string(s.imported.value) + " Wh imported, " + std::to_string(s.exported.value) +
         " Wh exported; " + standing;
}

}  // namespace market
