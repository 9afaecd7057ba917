#include "app/subject_export.hpp"

#include <set>

#include "market/entries/account_entries.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/erasure.hpp"
#include "market/entries/feeder_entries.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/registry_entries.hpp"
#include "market/entries/trading_grid.hpp"
#include "market/settlement/contract.hpp"
#include "market/settlement/ruling.hpp"
#include "market/settlement/settlement.hpp"

namespace app {

using namespace ledger;
using nlohmann::json;

namespace {

const char* side_name(market::Side side) { return side == market::Side::buy ? "buy" : "sell"; }

json to_json(const market::Registration& r) {
  return {{"account_key", to_hex(r.account_key)}, {"deposit_micro_eur", r.deposit.value},
          {"gateway", r.gateway.value},           {"generation_w", r.generation_w},
          {"max_power_w", r.max_power_w},         {"meter", r.meter.value},
          {"meter_key", to_hex(r.meter_key)},     {"storage_w", r.storage_w}};
}

json to_json(const market::DealLine& d) {
  return {{"amount_micro_eur", d.amount.value},       {"contracted_wh", d.contracted.value},
          {"delivered_wh", d.delivered.value},        {"fee_amount_micro_eur", d.fee_amount.value},
          {"fee_micro_eur_per_kwh", d.fee.value},     {"partners_row", to_hex(d.partner.bytes)},
          {"price_micro_eur_per_kwh", d.price.value}, {"side", side_name(d.side)}};
}

json to_json(const market::Statement& s) {
  json deals = json::array();
  for (const market::DealLine& d : s.deals) deals.push_back(to_json(d));
  json out{{"balance_micro_eur", s.balance.value},
           {"bought_wh", s.bought.value},
           {"deals", deals},
           {"exported_wh", s.exported.value},
           {"feed_in_micro_eur", s.feed_in.value},
           {"grid_fee_micro_eur", s.grid_fee.value},
           {"imported_wh", s.imported.value},
           {"levies_micro_eur", s.levies.value},
           {"local_grid_fee_micro_eur", s.local_grid_fee.value},
           {"minted_wh", s.minted.value},
           {"retail_energy_micro_eur", s.retail_energy.value},
           {"retired_wh", s.retired.value},
           {"slot", s.slot.value},
           {"sold_wh", s.sold.value},
           {"total_micro_eur", s.total.value},
           {"trade_earned_micro_eur", s.trade_earned.value},
           {"trade_levies_micro_eur", s.trade_levies.value},
           {"trade_paid_micro_eur", s.trade_paid.value}};
  if (s.capacity) {
    out["capacity_micro_eur"] = s.capacity->charge.value;
    out["highest_import_before_wh"] = s.capacity->peak_before.value;
    out["highest_import_wh"] = s.capacity->peak.value;
  }
  return out;
}

json to_json(const market::Contract& c) {
  json out{{"end_slot", c.end_slot.value},
           {"energy_wh", c.energy.value},
           {"first_slot", c.first_slot.value},
           {"id", to_hex(c.id.bytes)},
           {"number", c.number},
           {"price_micro_eur_per_kwh", c.price.value},
           {"share_thousandths", c.share},
           {"side", side_name(c.side)},
           {"template", name_of(c.of)},
           {"tenants", json::array()}};
  for (const market::Tenant& t : c.tenants)
    out["tenants"].push_back({{"tenant", to_hex(t.name)}, {"weight", t.weight}});
  return out;
}

json to_json(const market::Consent& c) {
  return {{"end_slot", c.end_slot.value},
          {"first_slot", c.first_slot.value},
          {"number", c.number},
          {"purpose", market::name_of(c.place.purpose)},
          {"recipient", to_hex(c.place.recipient)},
          {"withdrawn", c.withdrawn}};
}

json to_json(const market::Mark& m) {
  return {{"export_mwh", m.export_register.value},
          {"import_mwh", m.import_register.value},
          {"meter", m.meter.value},
          {"quarantined", m.quarantined},
          {"slot", m.slot.value},
          {"swapped", m.swapped}};
}

json to_json(const market::SignedOrder& s) {
  json out{{"energy_wh", s.order.energy.value}, {"green", s.order.green},
           {"id", to_hex(s.order.id.bytes)},    {"limit_micro_eur_per_kwh", s.order.limit.value},
           {"side", side_name(s.order.side)},   {"slot", s.order.slot.value}};
  if (s.order.partner) out["partner"] = to_hex(s.order.partner->bytes);
  return out;
}

json to_json(const market::Forecast& f) {
  return {{"first_slot", f.first_slot.value}, {"net_import_wh", f.net_wh}};
}

json to_json(const market::Cancellation& c) {
  return {{"id", to_hex(c.id.bytes)}, {"slot", c.slot.value}};
}

// A ruling's energies and the bill that it moved are told by the statement.
json to_json(const market::Ruling& r) {
  return {{"export_in_place_wh", r.export_in_place.value},
          {"exported_wh", r.exported.value},
          {"import_in_place_wh", r.import_in_place.value},
          {"imported_wh", r.imported.value},
          {"outcome", market::name_of(r.outcome)},
          {"settled_slot", r.settled.value},
          {"slot", r.slot.value}};
}

json to_json(const market::KeyChange& c) {
  return {{"from_slot", c.slot.value},
          {"next_key", to_hex(c.next_key)},
          {"of", c.of == market::KeyOf::meter ? "meter" : "account"}};
}

json to_json(const market::MeterSwap& s) {
  return {{"closing_export_mwh", s.closing_export.value},
          {"closing_import_mwh", s.closing_import.value},
          {"meter", s.meter.value},
          {"next_meter_key", to_hex(s.meter_key)},
          {"opening_export_mwh", s.opening_export.value},
          {"opening_import_mwh", s.opening_import.value},
          {"slot", s.slot.value}};
}

json to_json(const market::Deregistration& d) {
  return {{"last_slot", d.last.value}, {"meter", d.meter.value}};
}

json to_json(const market::MeterCertificate& c) {
  return {{"certificate_sha256", to_hex(c.hash)},
          {"end_slot", c.end.value},
          {"first_slot", c.first.value},
          {"meter", c.meter.value},
          {"meter_key", to_hex(c.meter_key)}};
}

json to_json(const market::Erasure& e) { return {{"stages", e.stages}}; }

json to_json(const market::HomePlace& p) {
  return {{"bus", p.bus}, {"from_slot", p.from.value}, {"meter", p.meter.value}};
}

// With what the public body says of it.
json to_json(const market::HomeMeasure& h, BytesView body) {
  json out{{"change_w", h.change_w},
           {"limit_w", h.limit_w},
           {"minutes", h.minutes},
           {"owed_micro_eur", h.owed.value},
           {"paid_in_slot", h.paid_in.value},
           {"slot", h.slot.value}};
  const auto all = market::decode_grid_measure_body(body);
  if (!all || h.measure >= all->measures.size()) return out;
  const market::GridMeasure& m = all->measures[h.measure];
  out["element"] = m.element;
  out["rung"] = market::name_of_rung(m.rung);
  if (m.reason < market::names_of_reasons.size())
    out["reason"] = market::names_of_reasons[m.reason];
  return out;
}

json to_json(const market::Transfer& t) {
  return {{"id", to_hex(t.id.bytes)},
          {"slot", t.slot.value},
          {"to", to_hex(t.to.bytes)},
          {"vintage", t.vintage.value},
          {"wh", t.quantity.value}};
}

json to_json(const market::TransferNotice& n) {
  return {{"from", to_hex(n.from.bytes)},
          {"id", to_hex(n.id.bytes)},
          {"slot", n.slot.value},
          {"vintage", n.vintage.value},
          {"wh", n.quantity.value}};
}

json to_json(const market::Retirement& v) {
  return {{"id", to_hex(v.id.bytes)},
          {"retired_as", v.claim == market::TokenClaim::green ? "green claim" : "own consumption"},
          {"slot", v.slot.value},
          {"vintage", v.vintage.value},
          {"wh", v.quantity.value}};
}

// One of the account's openings, where it belongs.
struct Placed {
  const char* list = nullptr;  // none: nothing that is the account's
  json what;
};

template <class Entry>
Result<Placed> in(const char* list, const Result<Entry>& entry) {
  if (!entry) return failure(entry.error());
  return Placed{list, to_json(*entry)};
}

Result<Placed> token_act(const Bytes& data) {
  const auto sent = market::decode_transfer(data);
  return sent ? in("tokens", sent) : in("tokens", market::decode_transfer_notice(data));
}

// Every kind is named: one that is new does not compile until its place is told.
Result<Placed> place_of(const EntryView& entry, const Bytes& data) {
  switch (entry.kind) {
    case TransactionKind::registration:
      if (const auto r = market::decode_registration(data)) return in("registration", r);
      return Placed{};  // the key that seals these openings
    case TransactionKind::marks:
      return in("marks", market::decode_mark(data));
    case TransactionKind::order:
      return in("orders", market::decode_order(data));
    case TransactionKind::forecast:
      return in("forecasts", market::decode_forecast(data));
    case TransactionKind::consent:
      return in("consents", market::decode_consent(data));
    case TransactionKind::erasure:
      return in("erasures", market::decode_erasure(data));
    case TransactionKind::ruling:
      return in("rulings", market::decode_ruling(data));
    case TransactionKind::statements:
      return in("bills", market::decode_statement(data));
    case TransactionKind::key_change:
      return in("key_changes", market::decode_key_change(data));
    case TransactionKind::meter_swap:
      return in("meter_swaps", market::decode_meter_swap(data));
    case TransactionKind::deregistration:
      return in("deregistrations", market::decode_deregistration(data));
    case TransactionKind::certificate:
      return in("certificates", market::decode_meter_certificate(data));
    case TransactionKind::transfer:
      return token_act(data);
    case TransactionKind::retirement:
      return in("tokens", market::decode_retirement(data));
    case TransactionKind::contract:
      return in("contracts", market::decode_contract(data));
    case TransactionKind::cancellation:
      return in("cancellations", market::decode_cancellation(data));
    case TransactionKind::grid_measure: {
      const auto measure = market::decode_home_measure(data);
      if (!measure) return failure(measure.error());
      return Placed{"grid_measures", to_json(*measure, entry.body)};
    }
    case TransactionKind::trading_grid:
      if (const auto place = market::decode_home_place(data)) return in("places", place);
      return Placed{};                        // the feeder itself, of the grid operator's account
    case TransactionKind::feeder_findings:    // of the feeder meter's account, which is no home's
    case TransactionKind::clearing_proposal:  // of the grid operator's
    case TransactionKind::batch:              // without openings
    case TransactionKind::settlement:
    case TransactionKind::attestation:
    case TransactionKind::tariff_change:
    case TransactionKind::concentrated:
    case TransactionKind::gateway:
      return Placed{};
  }
  return Placed{};
}

void mark_cancelled(json& out) {
  using Place = std::pair<std::uint32_t, std::string>;
  const auto place = [](const json& at) {
    return Place(at["slot"].get<std::uint32_t>(), at["id"].get<std::string>());
  };
  std::set<Place> cancelled;
  for (const json& c : out["cancellations"]) cancelled.insert(place(c));
  for (json& order : out["orders"]) order["cancelled"] = cancelled.contains(place(order));
}

}  // namespace

Result<json> openings_json(const twin::RunLedger& ledger, const AccountId& account) {
  json out;
  for (const char* list :
       {"bills", "cancellations", "certificates", "consents", "contracts", "deregistrations",
        "erasures", "forecasts", "grid_measures", "key_changes", "marks", "meter_swaps", "orders",
        "places", "rulings", "tokens"})
    out[list] = json::array();
  for (const auto& [entry, all] : ledger.openings().restricted) {
    const auto view = view_entry(ledger.log().entries[entry]);
    for (const auto& [position, opening] : all) {
      if (owner_of(opening) != account) continue;
      auto at = place_of(*view, opening.data);
      if (!at) return failure("log entry " + std::to_string(entry) + ": " + at.error());
      if (at->list == nullptr) continue;
      if (at->list == std::string_view("registration"))
        out["registration"] = std::move(at->what);
      else
        out[at->list].push_back(std::move(at->what));
    }
  }
  mark_cancelled(out);
  return out;
}

json consent_json(const market::Consent& consent) { return to_json(consent); }

}  // namespace app
