#include "market/token_book.hpp"

#include "ledger/base/invariant.hpp"

namespace market {

using namespace ledger;

namespace {

// Takes from a quantity that must suffice.
Result<void> take(WattHours& from, WattHours quantity, const char* what) {
  if (quantity.value < 0) return failure("a negative quantity of tokens");
  if (from < quantity) return failure(std::string("not enough tokens ") + what);
  from -= quantity;
  return {};
}

}  // namespace

void TokenBook::move_mark(MeterId meter, MilliWattHours export_register) {
  MilliWattHours& mark = mark_of_meter_[meter.value];
  mark = std::max(mark, export_register);
}

WattHours TokenBook::mint(MeterId meter, MilliWattHours export_register, const AccountId& holder,
                          Slot vintage) {
  const MilliWattHours mark = mark_of_meter_[meter.value];
  if (export_register <= mark) return {};
  // Whole Wh of the registers, not of their difference: nothing is lost between two slots.
  const WattHours fresh = whole_watt_hours(export_register) - whole_watt_hours(mark);
  mark_of_meter_[meter.value] = export_register;
  if (fresh.value == 0) return {};
  Vintage& v = vintages_[vintage.value];
  v.minted += fresh;
  v.held[holder] += fresh;
  return fresh;
}

Result<void> TokenBook::escrow(const AccountId& from, Slot vintage, WattHours quantity) {
  if (quantity.value == 0) return {};
  Vintage& v = vintages_[vintage.value];
  if (auto ok = take(v.held[from], quantity, "held"); !ok) return ok;
  if (v.held[from].value == 0) v.held.erase(from);
  v.escrowed += quantity;
  return {};
}

Result<void> TokenBook::release(const AccountId& to, Slot vintage, WattHours quantity) {
  if (quantity.value == 0) return {};
  Vintage& v = vintages_[vintage.value];
  if (auto ok = take(v.escrowed, quantity, "in escrow"); !ok) return ok;
  v.held[to] += quantity;
  return {};
}

Result<void> TokenBook::transfer(const AccountId& from, const AccountId& to, Slot vintage,
                                 WattHours quantity) {
  if (auto ok = escrow(from, vintage, quantity); !ok) return ok;
  return release(to, vintage, quantity);
}

Result<void> TokenBook::retire(const AccountId& holder, Slot vintage, WattHours quantity) {
  if (quantity.value == 0) return {};
  Vintage& v = vintages_[vintage.value];
  if (auto ok = take(v.held[holder], quantity, "held"); !ok) return ok;
  if (v.held[holder].value == 0) v.held.erase(holder);
  v.retired += quantity;
  return {};
}

TokenBook::Totals TokenBook::totals() const {
  Totals t;
  for (const auto& [slot, v] : vintages_) {
    t.minted += v.minted;
    t.escrowed += v.escrowed;
    t.retired += v.retired;
    for (const auto& [holder, quantity] : v.held) t.held += quantity;
  }
  return t;
}

std::string TokenBook::broken_invariant() const {
  for (const auto& [slot, v] : vintages_) {
    WattHours held;
    for (const auto& [holder, quantity] : v.held) {
      if (quantity.value < 0) return "vintage " + std::to_string(slot) + ": a holder below zero";
      held += quantity;
    }
    if (v.minted != held + v.escrowed + v.retired)
      return "vintage " + std::to_string(slot) + ": minted " + std::to_string(v.minted.value) +
             " Wh, held, escrowed and retired " +
             std::to_string((held + v.escrowed + v.retired).value) + " Wh";
  }
  return {};
}

}  // namespace market
