#include "market/settlement/token_book.hpp"

#include "ledger/base/invariant.hpp"

namespace market {

using namespace ledger;

namespace {

Result<void> suffices(WattHours there, WattHours quantity, const char* what) {
  if (quantity.value < 0) return failure("a negative quantity of tokens");
  if (there < quantity) return failure(std::string("not enough tokens ") + what);
  return {};
}

}  // namespace

WattHours TokenBook::held(const AccountId& holder, Slot vintage) const {
  const auto v = vintages_.find(vintage.value);
  if (v == vintages_.end()) return {};
  const auto at = v->second.held.find(holder);
  return at == v->second.held.end() ? WattHours{} : at->second;
}

TokenBook::Vintage& TokenBook::take_held(const AccountId& holder, Slot vintage,
                                         WattHours quantity) {
  Vintage& v = vintages_.at(vintage.value);
  const auto at = v.held.find(holder);
  at->second -= quantity;
  if (at->second.value == 0) v.held.erase(at);
  return v;
}

MilliWattHours TokenBook::mark(MeterId meter) const {
  const auto at = mark_of_meter_.find(meter.value);
  return at == mark_of_meter_.end() ? MilliWattHours{} : at->second;
}

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

void TokenBook::mint_late(const AccountId& holder, Slot vintage, WattHours quantity) {
  if (quantity.value == 0) return;
  Vintage& v = vintages_[vintage.value];
  v.minted += quantity;
  v.held[holder] += quantity;
}

void TokenBook::note_import(const AccountId& account, Slot vintage, WattHours imported) {
  if (imported.value > 0) vintages_[vintage.value].uncovered[account] = imported;
}

WattHours TokenBook::uncovered(const AccountId& account, Slot vintage) const {
  const auto v = vintages_.find(vintage.value);
  if (v == vintages_.end()) return {};
  const auto at = v->second.uncovered.find(account);
  return at == v->second.uncovered.end() ? WattHours{} : at->second;
}

Result<void> TokenBook::cover(const AccountId& account, Slot vintage, WattHours quantity) {
  if (quantity.value < 0 || uncovered(account, vintage) < quantity)
    return failure("more tokens than the account's consumption of the slot that is left");
  if (quantity.value == 0) return {};
  auto& all = vintages_.at(vintage.value).uncovered;
  const auto at = all.find(account);
  at->second -= quantity;
  if (at->second.value == 0) all.erase(at);
  return {};
}

Result<void> TokenBook::escrow(const AccountId& from, Slot vintage, WattHours quantity) {
  if (quantity.value == 0) return {};
  if (auto ok = suffices(held(from, vintage), quantity, "held"); !ok) return ok;
  take_held(from, vintage, quantity).escrowed += quantity;
  return {};
}

Result<void> TokenBook::release(const AccountId& to, Slot vintage, WattHours quantity) {
  if (quantity.value == 0) return {};
  const auto at = vintages_.find(vintage.value);
  const WattHours there = at == vintages_.end() ? WattHours{} : at->second.escrowed;
  if (auto ok = suffices(there, quantity, "in escrow"); !ok) return ok;
  at->second.escrowed -= quantity;
  at->second.held[to] += quantity;
  return {};
}

Result<void> TokenBook::transfer(const AccountId& from, const AccountId& to, Slot vintage,
                                 WattHours quantity) {
  if (auto ok = escrow(from, vintage, quantity); !ok) return ok;
  return release(to, vintage, quantity);
}

Result<void> TokenBook::retire(const AccountId& holder, Slot vintage, WattHours quantity) {
  if (quantity.value == 0) return {};
  if (auto ok = suffices(held(holder, vintage), quantity, "held"); !ok) return ok;
  take_held(holder, vintage, quantity).retired += quantity;
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
