#include "market/receipt/receipt_openings.hpp"

#include <algorithm>
#include <map>

#include "market/receipt/receipt_checks.hpp"

namespace market {

namespace {

void check_statement(const ReceiptOpenings& o, const ReceiptEntries& entries, Slot slot) {
  const auto statements = take(decode_statements_body(entries.statement.tx.body), "statement");
  want(o.statement.meter == o.registration.meter && o.statement.slot == slot &&
           statements.slot == slot && statements.gateway == o.registration.gateway &&
           o.settlement.slot == slot,
       "statement is of another meter or slot");
}

std::optional<Mark> read_mark_of_slot(const std::optional<ProvenEntry>& entry, MeterId meter,
                                      Slot slot) {
  if (!entry) return std::nullopt;
  const Mark mark = take(decode_mark(entry->opening.data), "mark");
  want(mark.slot == slot && mark.meter == meter, "mark is of another meter or slot");
  return mark;
}

std::optional<Mark> read_mark_before(const std::optional<ProvenEntry>& entry,
                                     const Statement& statement, Slot slot) {
  if (!entry) return std::nullopt;
  const Mark mark = take(decode_mark(entry->opening.data), "before");
  want(mark.slot.value + 1 == statement.since.value && mark.slot < slot &&
           mark.meter == statement.meter,
       "before: mark is not the one that the statement begins at");
  return mark;
}

std::optional<Statement> read_statement_before(const std::optional<ProvenEntry>& entry,
                                               const Registration& registration, Slot slot) {
  if (!entry) return std::nullopt;
  want(slot > registration.first_slot, "statement_before: the account has none");
  const auto body = take(decode_statements_body(entry->tx.body), "statement_before");
  auto out = take(decode_statement(entry->opening.data), "statement_before");
  want(out.meter == registration.meter && out.slot == body.slot && out.slot.value == slot.value - 1,
       "statement_before: is of another meter or slot");
  return out;
}

std::vector<MeterSwap> read_swaps(const std::vector<ProvenEntry>& entries, MeterId meter,
                                  Slot slot) {
  std::vector<MeterSwap> out;
  for (const ProvenEntry& e : entries) {
    out.push_back(take(decode_meter_swap(e.opening.data), "swaps"));
    want(out.back().meter == meter && out.back().slot <= slot,
         "swaps: papers of another meter or of a later slot");
    want(out.size() < 2 || out[out.size() - 2].slot < out.back().slot,
         "swaps: are not in order of slots");
  }
  return out;
}

std::vector<Ruling> read_rulings(const std::vector<ProvenEntry>& entries, MeterId meter,
                                 Slot slot) {
  std::vector<Ruling> out;
  for (const ProvenEntry& e : entries) {
    const auto body = take(decode_ruling_body(e.tx.body), "rulings");
    out.push_back(take(decode_ruling(e.opening.data), "rulings"));
    const Ruling& ruling = out.back();
    want(ruling.meter == meter && ruling.slot == slot && body.slot == slot && ruling.settled < slot,
         "rulings: of another meter, or that act in another slot");
    want(out.size() < 2 || out[out.size() - 2].settled < ruling.settled,
         "rulings: are not in order of what they are of");
  }
  return out;
}

std::vector<SignedOrder> read_orders(const std::vector<ProvenEntry>& entries, MeterId meter,
                                     Slot slot) {
  std::vector<SignedOrder> out;
  for (const ProvenEntry& e : entries) {
    out.push_back(take(decode_order(e.opening.data), "orders"));
    want(out.back().order.slot == slot && out.back().meter == meter,
         "an order is of another meter or slot");
  }
  return out;
}

std::vector<KeyChange> read_key_changes(const std::vector<ProvenEntry>& entries,
                                        const Registration& registration, Slot slot) {
  std::vector<KeyChange> out;
  for (const ProvenEntry& e : entries) {
    const auto body = take(decode_key_change_body(e.tx.body), "keys");
    out.push_back(take(decode_key_change(e.opening.data), "keys"));
    const KeyChange& change = out.back();
    want(change.meter == registration.meter && change.slot <= slot && change.slot == body.slot &&
             change.of == body.of && body.gateway == registration.gateway,
         "keys: a change of another meter or of a later slot");
    want(out.size() < 2 || std::pair(out[out.size() - 2].slot, out[out.size() - 2].of) <
                               std::pair(change.slot, change.of),
         "keys: are not in order of slots");
  }
  return out;
}

// From the slots on, and whether of a new device: by the changes that stand before an entry.
using LaterKeys = std::map<Slot, std::pair<NextKey, bool>>;
LaterKeys later_keys(const ReceiptOpenings& o, std::uint64_t index) {
  LaterKeys line;
  const auto add = [&](const NextKey& next, bool new_device) {
    want(line.emplace(next.from, std::pair(next, new_device)).second,
         "keys: two keys of the meter from one slot on");
  };
  for (const MeterSwap& swap : o.swaps) add({swap.meter_key, swap.slot}, true);
  for (std::size_t i = 0; i < o.key_changes.size(); ++i)
    if (o.key_changes[i].of == KeyOf::meter && o.changed_at[i] < index)
      add(o.key_changes[i].next(), false);
  return line;
}

KeyLine meter_keys_of(const ReceiptOpenings& o) {
  KeyLine out(o.registration.meter_key);
  for (const auto& [slot, next] : later_keys(o, UINT64_MAX)) out.change(next.first, next.second);
  return out;
}

std::vector<MeterCertificate> read_certificates(const std::vector<ProvenEntry>& entries,
                                                MeterId meter) {
  std::vector<MeterCertificate> out;
  for (const ProvenEntry& e : entries) {
    out.push_back(take(decode_meter_certificate(e.opening.data), "certificates"));
    want(out.back().meter == meter, "certificates: one of another meter");
  }
  return out;
}

std::vector<Contract> read_contracts(const std::vector<ProvenEntry>& entries, MeterId meter,
                                     Slot slot) {
  std::vector<Contract> out;
  for (const ProvenEntry& e : entries) {
    const auto body = take(decode_contract_body(e.tx.body), "contracts");
    out.push_back(take(decode_contract(e.opening.data), "contracts"));
    const Contract& c = out.back();
    want(c.meter == meter && c.first_slot == body.slot && c.first_slot <= slot && slot < c.end_slot,
         "contracts: one of another meter, or that does not stand in the slot");
    want(out.size() < 2 || out[out.size() - 2].of < c.of,
         "contracts: are not in order of templates");
  }
  return out;
}

std::vector<ToldMeasure> read_measures(const std::vector<ProvenEntry>& entries, MeterId meter,
                                       Slot slot) {
  std::vector<ToldMeasure> out;
  for (const ProvenEntry& e : entries) {
    const auto body = take(decode_grid_measure_body(e.tx.body), "measures");
    const auto home = take(decode_home_measure(e.opening.data), "measures");
    want(home.meter == meter && home.slot == body.slot && home.paid_in == body.paid_in &&
             (home.slot == slot || home.paid_in == slot),
         "measures: one on another meter or of another slot");
    want(home.measure < body.measures.size() && home.minutes <= body.measures[home.measure].minutes,
         "measures: one that its entry does not hold");
    want(out.empty() || std::pair(out.back().second.slot, out.back().second.measure) <
                            std::pair(home.slot, home.measure),
         "measures: are not in order");
    out.emplace_back(body.measures[home.measure], home);
  }
  return out;
}

AddedFees read_fees(const std::vector<ProvenEntry>& entries, const Genesis& genesis) {
  AddedFees out;
  for (const ProvenEntry& e : entries) {
    const auto change = take(decode_fee_change(e.tx.body), "fees");
    for (std::uint32_t i = 0; i < change.added.size(); ++i)
      want(!out.has({change.first.value + i}) && fits(genesis, change.added[i]),
           "fees: a slot has two, or one out of bounds");
    out.add(change);
  }
  return out;
}

}  // namespace

bool ReceiptOpenings::holds_tokens() const {
  return std::any_of(contracts.begin(), contracts.end(),
                     [](const Contract& c) { return c.of == Template::hold_tokens; });
}

// A gateway hears of a change on the ledger late where others brought it, and of a swap in its
// slot.
BatchKeys ReceiptOpenings::keys_for(Slot slot, std::uint64_t index) const {
  const LaterKeys later = later_keys(*this, index);
  if (later.empty()) return {registration.meter_key, std::nullopt, false};
  const auto newest = std::prev(later.end());
  BatchKeys out{newest->second.first.key, std::nullopt, !newest->second.second};
  if (newest->first != slot) return out;
  out.before =
      newest == later.begin() ? registration.meter_key : std::prev(newest)->second.first.key;
  out.hears_late = true;
  return out;
}

ReceiptOpenings read_openings(const ReceiptPart& receipt, const ReceiptEntries& entries, Slot slot,
                              const Genesis& genesis) {
  ReceiptOpenings o;
  o.registration = take(decode_registration(entries.registration.opening.data), "registration");
  o.statement = take(decode_statement(entries.statement.opening.data), "statement");
  o.settlement = take(decode_settlement_body(entries.settlement.tx.body), "settlement");
  const MeterId meter = o.registration.meter;
  want(meter.value == receipt.number("meter", UINT32_MAX), "meter is another");
  check_statement(o, entries, slot);
  o.mark = read_mark_of_slot(entries.mark, meter, slot);
  o.before = read_mark_before(entries.before, o.statement, slot);
  o.statement_before = read_statement_before(entries.statement_before, o.registration, slot);
  o.swaps = read_swaps(entries.swaps, meter, slot);
  o.rulings = read_rulings(entries.rulings, meter, slot);
  o.orders = read_orders(entries.orders, meter, slot);
  o.key_changes = read_key_changes(entries.key_changes, o.registration, slot);
  for (const ProvenEntry& e : entries.key_changes) o.changed_at.push_back(e.index);
  o.meter_keys = meter_keys_of(o);
  o.contracts = read_contracts(entries.contracts, meter, slot);
  o.certificates = read_certificates(entries.certificates, meter);
  o.fees = read_fees(entries.fees, genesis);
  o.measures = read_measures(entries.measures, meter, slot);
  return o;
}

}  // namespace market
