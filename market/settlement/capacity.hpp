#pragma once
// A capacity tariff: what a home pays for its highest import of a calendar month, beside its kWh.
//
// Peak. The highest energy that the home imported in one slot of the month; as power, the slot's
//   mean. A slot belongs to the month in which it began, by the local time of genesis' zone. Only
//   a slot's own energy raises a peak: what a mark carries alone (`trades`,
//   market/metering/mark_rules.hpp). What was quarantined, is of several slots, or comes from a
//   meter without its certificate raises none, since no power follows from it; rulings and their
//   corrections move no peak either.
// Price. Of x Wh in a slot, capacity(x) = x x 3600 x price / slot_ms, where the price is micro-euro
//   per kW: rounded once, half a micro-euro up.
// Ratchet. When a slot closes, its statement pays capacity(peak) - capacity(peak before): the more
//   by which the month's peak has risen. So the charges of a month sum exactly to capacity(peak of
//   the month), each is on the bill of the slot that caused it, and nothing is due at the month's
//   end. A new month begins at 0. An account that comes or leaves within a month pays for the
//   whole of it, by what it imported.
//
// The charge goes to the grid operator. The peak belongs to the account: a swapped meter keeps it.

#include "market/clearing/tariff.hpp"
#include "market/metering/mark_rules.hpp"

namespace market {

// More than the strongest meter that is registered moves in a slot of a day.
inline constexpr std::int64_t max_peak_wh = std::int64_t{1} << 32;

// Of a statement, where genesis has a capacity price.
struct CapacityLine {
  ledger::WattHours peak_before, peak;  // of the month, before the slot and with it
  ledger::MicroEuros charge;            // >= 0

  auto operator<=>(const CapacityLine&) const = default;
};

// The peak after a slot whose mark is worth this.
ledger::WattHours peak_after(ledger::WattHours before, ledger::WattHours imported,
                             Standing standing);

// What a month of this peak costs. 0 <= peak <= max_peak_wh, terms as check_terms has them.
ledger::MicroEuros capacity_cost(ledger::WattHours peak, const Tariff& tariff);

// The line of a slot: `before` is the month's peak until then.
CapacityLine capacity_line(ledger::WattHours before, ledger::WattHours imported, Standing standing,
                           const Tariff& tariff);

// The calendar month in which a slot began, by genesis' zone: 12 x year + month - 1.
std::int32_t month_of(const ledger::Genesis& genesis, ledger::Slot slot);

// A peak as a slot's mean power, in words: "4.8 kW". Rounded to whole W, half a watt up, without
// zeros behind the first decimal.
std::string power_text(ledger::WattHours peak, std::int64_t slot_ms);

// Whether a home's statement of the slot goes on from one of the slot before: one of the same
// month, in which the account was there already. Else the peak before is 0.
bool peak_goes_on(const ledger::Genesis& genesis, ledger::Slot slot, ledger::Slot first_slot);

// An account's highest import as of its last settled slot.
struct MonthPeak {
  std::int32_t month = 0;
  ledger::WattHours peak;

  ledger::WattHours in(std::int32_t of) const { return of == month ? peak : ledger::WattHours{}; }
};

}  // namespace market
