#include <nlohmann/json.hpp>
#include <set>

#include "ledger/merkle/log_tree.hpp"
#include "market/audit/replay.hpp"
#include "market/audit/slot_books.hpp"
#include "market/entries/fee_change.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/receipt/erasure_receipt.hpp"
#include "market/receipt/proven_entry.hpp"
#include "market/settlement/contract.hpp"
#include "market/settlement/slot_clearing.hpp"

namespace market {

using nlohmann::json;

namespace {

// Where one of the account's openings stands.
struct Place {
  std::uint64_t entry = 0;
  std::uint16_t position = 0;
};

class ReceiptWriter {
 public:
  ReceiptWriter(const PublicLog& log, const Openings& openings, const AccountId& account)
      : log_(log), openings_(openings), account_(account), books_(slot_books(log, openings)) {}
  Result<std::string> write(std::optional<Slot> slot);

 private:
  void find_places();
  json entry_json(std::uint64_t entry) const;
  json opened_json(const Place& place) const;
  json book_json(std::uint32_t slot) const;
  json batches_json(std::uint32_t slot) const;
  json gateway_json(std::uint32_t slot) const;
  json contracts_json(std::uint32_t slot) const;
  json fees_json(std::uint32_t slot) const;
  bool in_its_book(const Order& order) const;
  std::optional<ToldMeasure> told_measure(const HomeMeasure& home, std::uint64_t entry) const;
  void add_registry(json& j, std::uint32_t slot) const;
  json batch_json(std::uint64_t entry, const Bytes& batch,
                  const std::map<std::uint32_t, PersonalRecord>& records) const;
  json batch_entry_json(std::uint64_t entry, const Bytes& batch) const;

  const PublicLog& log_;
  const Openings& openings_;
  AccountId account_;
  SlotBooks books_;
  std::optional<Place> registration_;
  std::map<std::uint32_t, Place> statement_, mark_, swap_;  // by slot
  std::map<std::uint32_t, std::uint64_t> settlement_;       // by slot: its entry
  std::map<std::uint32_t, std::vector<Place>> own_orders_;
  std::map<std::uint32_t, std::map<std::uint32_t, Place>> rulings_;  // by slot, and what of
  std::map<Template, ContractLine> contracts_;
  std::map<std::pair<Template, std::uint32_t>, Place> contract_at_;  // by template and number
  std::map<std::pair<std::uint32_t, KeyOf>, Place> keys_;  // by the slot from which they hold
  std::vector<std::pair<MeterCertificate, Place>> certificates_;
  // By slot and number.
  std::map<std::pair<Slot, std::uint8_t>, std::pair<HomeMeasure, Place>> measures_;
  MeterId meter_;
  GatewayId gateway_;
};

// Where a leaf stands among others under one root.
json place_json(std::uint64_t position, std::span<const Hash> leaves) {
  LogTree tree;
  for (const Hash& leaf : leaves) tree.append(leaf);
  json path = json::array();
  for (const Hash& h : tree.inclusion_proof(position, leaves.size())) path.push_back(to_hex(h));
  return {{"of", leaves.size()}, {"path", path}, {"position", position}};
}

json opening_json(const Opening& opening, std::uint64_t position, std::span<const Hash> leaves) {
  json out = place_json(position, leaves);
  out["data"] = to_hex(opening.data);
  out["salt"] = to_hex(opening.salt);
  return out;
}

void ReceiptWriter::find_places() {
  for (std::uint64_t entry = 0; entry < log_.entries.size(); ++entry) {
    const auto tx = decode_entry(log_.entries[entry]);
    if (!tx || tx->kind != TransactionKind::settlement) continue;
    if (const auto body = decode_settlement_body(tx->body)) settlement_[body->slot.value] = entry;
  }
  for (const auto& [entry, openings] : openings_.restricted) {
    const auto tx = decode_entry(log_.entries[entry]);
    if (!tx) continue;
    for (const auto& [position, opening] : openings) {
      if (owner_of(opening) != account_) continue;
      const Place place{entry, position};
      if (tx->kind == TransactionKind::registration) {
        if (const auto r = decode_registration(opening.data)) {
          registration_ = place;
          meter_ = r->meter;
          gateway_ = r->gateway;
        }
      } else if (tx->kind == TransactionKind::statements) {
        if (const auto s = decode_statement(opening.data)) statement_[s->slot.value] = place;
      } else if (tx->kind == TransactionKind::marks) {
        if (const auto m = decode_mark(opening.data)) mark_[m->slot.value] = place;
      } else if (tx->kind == TransactionKind::meter_swap) {
        if (const auto w = decode_meter_swap(opening.data)) swap_[w->slot.value] = place;
      } else if (tx->kind == TransactionKind::ruling) {
        if (const auto v = decode_ruling(opening.data))
          rulings_[v->slot.value][v->settled.value] = place;
      } else if (tx->kind == TransactionKind::key_change) {
        if (const auto c = decode_key_change(opening.data)) keys_[{c->slot.value, c->of}] = place;
      } else if (tx->kind == TransactionKind::certificate) {
        if (const auto c = decode_meter_certificate(opening.data))
          certificates_.emplace_back(*c, place);
      } else if (tx->kind == TransactionKind::contract) {
        if (const auto c = decode_contract(opening.data)) {
          contracts_[c->of].add(*c);
          contract_at_[{c->of, c->number}] = place;
        }
      } else if (tx->kind == TransactionKind::grid_measure) {
        if (const auto m = decode_home_measure(opening.data))
          measures_[{m->slot, m->measure}] = {*m, place};
      } else if (tx->kind == TransactionKind::order) {
        if (const auto o = decode_order(opening.data); o && in_its_book(o->order))
          own_orders_[o->order.slot.value].push_back(place);
      }
    }
  }
}

json ReceiptWriter::entry_json(std::uint64_t entry) const {
  return {{"entry", to_hex(log_.entries[entry])}, {"proof", proof_of(log_, entry)}};
}

json ReceiptWriter::opened_json(const Place& place) const {
  const Opening& opening = openings_.restricted.at(place.entry).at(place.position);
  json out = entry_json(place.entry);
  out["opening"] = opening_json(opening, place.position, opening_leaves(openings_, place.entry));
  return out;
}

json ReceiptWriter::book_json(std::uint32_t slot) const {
  json out = json::array();
  if (const auto book = books_.find(slot); book != books_.end())
    for (const BookRow& row : book->second.rows)
      out.push_back(to_hex(book_row(book_form_of(log_.genesis), row)));
  return out;
}

// A batch's entry with its way to the log: its own proof, or its concentrator's entry with that.
json ReceiptWriter::batch_entry_json(std::uint64_t entry, const Bytes& batch) const {
  const auto concentrated = log_.concentrated.find(entry);
  if (concentrated == log_.concentrated.end()) return entry_json(entry);
  std::vector<Hash> leaves;
  std::uint64_t position = 0;
  for (const Bytes& b : concentrated->second) {
    if (b == batch) position = leaves.size();
    leaves.push_back(leaf_hash(commitment(Salt{}, b)));
  }
  json within = entry_json(entry);
  within.update(place_json(position, leaves));
  return {{"entry", to_hex(batch)}, {"within", within}};
}

json ReceiptWriter::batch_json(std::uint64_t entry, const Bytes& batch,
                               const std::map<std::uint32_t, PersonalRecord>& records) const {
  const PersonalRecord& own = records.at(meter_.value);
  std::vector<Hash> leaves;
  std::uint64_t position = 0;
  for (const auto& [meter, leaf] : record_leaves(openings_, own.at.gateway, own.at.epoch)) {
    if (meter == meter_.value) position = leaves.size();
    leaves.push_back(leaf);
  }
  const SubjectKey& key = openings_.keys.at(account_).personal;
  const Opening opening{derive_salt(key, SaltLabel::meter_record, meter_.value, own.record.epoch),
                        encode(own.record)};
  json out = batch_entry_json(entry, batch);
  out["opening"] = opening_json(opening, position, leaves);
  json& readings = out["readings"] = json::array();
  for (std::size_t i = 0; i < own.readings.size(); ++i) {
    const Salt salt = derive_salt(key, SaltLabel::reading, meter_.value,
                                  decode_reading(own.readings[i]).sequence);
    readings.push_back({{"data", to_hex(own.readings[i])}, {"salt", to_hex(salt)}});
    if (!own.each.empty()) readings.back()["signature"] = to_hex(own.each[i]);
  }
  return out;
}

json ReceiptWriter::batches_json(std::uint32_t slot) const {
  json out = json::array();
  const Genesis& g = log_.genesis;
  for (std::uint64_t i = 0; i < log_.entries.size(); ++i)
    for (const Bytes& entry : batches_at(log_, i)) {
      const auto tx = view_entry(entry);
      const auto batch = tx ? decode_batch(tx->body) : failure(tx.error());
      if (!batch) continue;
      const std::int64_t end_ms = std::int64_t{batch->epoch} * g.batch_ms;
      if ((end_ms - 1) / g.slot_ms != slot) continue;
      const auto records = openings_.personal.find({batch->gateway.value, batch->epoch});
      if (records == openings_.personal.end() || !records->second.contains(meter_.value)) continue;
      out.push_back(batch_json(i, entry, records->second));
    }
  return out;
}

// Its registration beyond genesis and its key changes.
json ReceiptWriter::gateway_json(std::uint32_t slot) const {
  json out = json::array();
  for (std::uint64_t i = 0; i < log_.entries.size(); ++i) {
    const auto tx = decode_entry(log_.entries[i]);
    if (!tx) continue;
    if (tx->kind == TransactionKind::gateway) {
      const auto body = decode_gateway_body(tx->body);
      if (body && body->gateway == gateway_ && body->action == GatewayBody::Action::registered)
        out.push_back(entry_json(i));
    } else if (tx->kind == TransactionKind::key_change) {
      const auto body = decode_key_change_body(tx->body);
      if (body && body->of == KeyOf::gateway && body->gateway == gateway_ &&
          body->slot.value <= slot)
        out.push_back(entry_json(i));
    }
  }
  return out;
}

// One that was cancelled is in none.
bool ReceiptWriter::in_its_book(const Order& order) const {
  const auto book = books_.find(order.slot.value);
  return book != books_.end() && book->second.account_of.contains(row_id(order.account, order.id));
}

// That name the slot, or one of which a ruling acts in it.
json ReceiptWriter::fees_json(std::uint32_t slot) const {
  std::set<std::uint32_t> wanted{slot};
  if (const auto at = rulings_.find(slot); at != rulings_.end())
    for (const auto& [settled, place] : at->second) wanted.insert(settled);
  json out = json::array();
  for (std::uint64_t i = 0; i < log_.entries.size(); ++i) {
    const auto tx = view_entry(log_.entries[i]);
    if (!tx || tx->kind != TransactionKind::tariff_change) continue;
    const auto change = decode_fee_change(tx->body);
    if (!change) continue;
    const auto first = wanted.lower_bound(change->first.value);
    if (first != wanted.end() && *first - change->first.value < change->added.size())
      out.push_back(entry_json(i));
  }
  return out;
}

// Those that stand in the slot, by template.
json ReceiptWriter::contracts_json(std::uint32_t slot) const {
  json out = json::array();
  for (const auto& [of, line] : contracts_)
    if (const Contract* c = line.standing_in({slot}))
      out.push_back(opened_json(contract_at_.at({of, c->number})));
  return out;
}

std::optional<ToldMeasure> ReceiptWriter::told_measure(const HomeMeasure& home,
                                                       std::uint64_t entry) const {
  const auto tx = view_entry(log_.entries[entry]);
  const auto body = tx ? decode_grid_measure_body(tx->body) : failure(tx.error());
  if (!body || home.measure >= body->measures.size()) return std::nullopt;
  return ToldMeasure{body->measures[home.measure], home};
}

// Lists that are there where they are not empty.
void ReceiptWriter::add_registry(json& j, std::uint32_t slot) const {
  json keys = json::array(), certificates = json::array(), measures = json::array();
  for (const auto& [from, place] : keys_)
    if (from.first <= slot) keys.push_back(opened_json(place));
  for (const auto& [certificate, place] : certificates_)
    if (certificate.covers({slot}, {slot})) certificates.push_back(opened_json(place));
  for (const auto& [at, measure] : measures_)
    if (measure.first.slot.value == slot || measure.first.paid_in.value == slot)
      measures.push_back(opened_json(measure.second));
  if (json all = contracts_json(slot); !all.empty()) j["contracts"] = std::move(all);
  if (!keys.empty()) j["keys"] = std::move(keys);
  if (!certificates.empty()) j["certificates"] = std::move(certificates);
  if (json fees = fees_json(slot); !fees.empty()) j["fees"] = std::move(fees);
  if (!measures.empty()) j["measures"] = std::move(measures);
  if (json gateway = gateway_json(slot); !gateway.empty()) j["gateway"] = std::move(gateway);
}

Result<std::string> ReceiptWriter::write(std::optional<Slot> slot) {
  if (!openings_.keys.contains(account_))
    return failure("account " + to_hex(account_.bytes) + " has no openings here");
  find_places();
  if (!registration_ || statement_.empty())
    return failure("account " + to_hex(account_.bytes) + " has no settled slot");
  const std::uint32_t s = slot ? slot->value : statement_.rbegin()->first;
  if (!statement_.contains(s) || !settlement_.contains(s))
    return failure("slot " + std::to_string(s) + " is not settled for this account; settled: " +
                   std::to_string(statement_.begin()->first) + " to " +
                   std::to_string(statement_.rbegin()->first));
  const Place& billed = statement_.at(s);
  const Statement statement =
      *decode_statement(openings_.restricted.at(billed.entry).at(billed.position).data);
  json j;
  j["format"] = receipt_format;
  j["account"] = to_hex(account_.bytes);
  j["slot"] = s;
  j["meter"] = meter_.value;
  j["genesis"] = encode(log_.genesis);
  j["policy"] = log_.policy_text;
  j["registration"] = opened_json(*registration_);
  j["settlement"] = entry_json(settlement_.at(s));
  j["statement"] = opened_json(billed);
  j["mark"] = mark_.contains(s) ? opened_json(mark_.at(s)) : json();
  const auto before = mark_.find(statement.since.value - 1);  // of none for the first slot
  j["before"] = before == mark_.end() ? json() : opened_json(before->second);
  if (s > 0 && statement_.contains(s - 1))
    j["statement_before"] = opened_json(statement_.at(s - 1));
  j["swaps"] = json::array();
  for (const auto& [in, place] : swap_)
    if (in <= s) j["swaps"].push_back(opened_json(place));
  add_registry(j, s);
  j["orders"] = json::array();
  for (const Place& place : own_orders_[s]) j["orders"].push_back(opened_json(place));
  j["book"] = book_json(s);
  j["batches"] = batches_json(s);
  j["rulings"] = json::array();
  const AddedFees fees = fees_in(log_.entries);
  BesideStatement beside;
  for (const auto& [settled, place] : rulings_[s]) {
    const Opening& opening = openings_.restricted.at(place.entry).at(place.position);
    beside.corrections.push_back(
        correction_of(*decode_ruling(opening.data), tariff_in(log_.genesis, fees, Slot{settled})));
    j["rulings"].push_back(opened_json(place));
  }
  for (const auto& [at, measure] : measures_) {
    if (measure.first.paid_in.value != s) continue;
    if (auto told = told_measure(measure.first, measure.second.entry))
      beside.measures.push_back(std::move(*told));
  }
  for (const auto& [of, line] : contracts_)
    if (const Contract* c = line.standing_in({s}))
      if (const auto payment = payment_of(*c, statement)) beside.payments.push_back(*payment);
  j["bill"] = json::array();
  for (const auto& [line, micro_eur] : bill_lines(statement, log_.genesis.slot_ms, beside))
    j["bill"].push_back({{"line", line}, {"micro_eur", micro_eur}});
  return j.dump() + "\n";
}

}  // namespace

Result<std::string> write_receipt(const PublicLog& log, const Openings& openings,
                                  const AccountId& account, std::optional<Slot> slot) {
  if (const auto erased = erasures_of(log, account); !erased.empty())
    return write_erasure_receipt(log, account, erased.front());
  return ReceiptWriter(log, openings, account).write(slot);
}

}  // namespace market
