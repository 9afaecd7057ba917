#include "market/audit/batch_audit.hpp"

#include <algorithm>
#include <set>

#include "ledger/oracle/public_sum.hpp"
#include "market/audit/replay.hpp"
#include "market/metered_point.hpp"
#include "market/slot_entries.hpp"

namespace market {
namespace {

// Rules whose verdict depends on when the gateway heard of a reading, which no record holds.
constexpr Verdict on_arrival = bit(Rule::time_informative) | bit(Rule::time_apart);

// What is kept of one meter from batch to batch.
struct AuditedMeter {
  MeteredPoint point;
  std::map<std::uint32_t, MeterSwap> swaps;  // on the log, by slot: not reached yet
  std::map<std::uint32_t, Mark> due;         // by slot: what its gateway has to post

  const Registration& registration() const { return point.registration(); }
};

// Whether the minute may have arrived at one moment of the batch's interval with every reading at
// most `apart_ms` from its own arrival, its place before the minute's end.
class Arrival {
 public:
  Arrival(const Genesis& g, std::uint32_t epoch, std::int64_t apart_ms)
      : apart_ms_(apart_ms),
        earliest_((std::int64_t{epoch} - 1) * g.batch_ms),
        latest_(std::int64_t{epoch} * g.batch_ms + informative_ms) {}
  void add(std::int64_t time_ms, std::int64_t before_end_ms) {
    earliest_ = std::max(earliest_, time_ms + before_end_ms - apart_ms_);
    latest_ = std::min(latest_, time_ms + before_end_ms + apart_ms_);
  }
  bool possible() const { return earliest_ <= latest_; }

 private:
  std::int64_t apart_ms_, earliest_, latest_;
};

class BatchAudit {
 public:
  BatchAudit(const PublicLog& log, const Openings& openings, Verifier& verifier)
      : log_(log), openings_(openings), verifier_(verifier), nights_(nights_of(log.genesis)) {}
  Result<BatchesChecked> run();

 private:
  using Records = std::map<std::uint32_t, PersonalRecord>;

  Result<void> find_swaps();
  Result<void> take(std::uint64_t entry);
  void take_registration(const Transaction& tx);
  Result<void> check_batch(const BatchEntry& entry);
  static Result<void> in_its_place(const Transaction& tx, const BatchEntry& batch,
                                   Result<void> found);
  Result<void> check_presence(const Batch& batch, const Records& records) const;
  Result<void> check_counts(const Batch& batch, const Batch& counted, std::size_t erased) const;
  const std::map<std::uint32_t, ErasedLeaf>& erased_of(const Batch& batch) const;
  bool is_erased(const Batch& batch, std::uint32_t meter) const;
  Result<void> check_record(AuditedMeter& meter, const PersonalRecord& p);
  Result<void> check_readings(AuditedMeter& meter, const PersonalRecord& p);
  MeterRecord recomputed(AuditedMeter& meter, const PersonalRecord& p) const;
  void owe_marks(const Batch& batch);
  Result<void> check_marks(const Transaction& tx);
  Result<void> check_settled(const Transaction& tx);

  Slot slot_of(std::uint32_t epoch) const {
    const std::int64_t end_ms = std::int64_t{epoch} * log_.genesis.batch_ms;
    return {static_cast<std::uint32_t>((end_ms - 1) / log_.genesis.slot_ms)};
  }

  const PublicLog& log_;
  const Openings& openings_;
  Verifier& verifier_;
  Nights nights_;
  std::map<std::uint32_t, std::map<std::uint32_t, MeterSwap>> swaps_;  // by meter and slot
  std::map<std::uint32_t, AuditedMeter> meters_;
  std::set<std::uint32_t> erased_meters_;  // whose records are not all there
  std::uint32_t next_slot_ = 0;            // not settled yet
  BatchesChecked checked_;
  std::size_t opened_ = 0;  // batches with records
};

Result<BatchesChecked> BatchAudit::run() {
  if (auto ok = find_swaps(); !ok) return failure(ok.error());
  for (std::uint64_t i = 0; i < log_.entries.size(); ++i)
    if (auto ok = take(i); !ok) return failure(ok.error());
  if (opened_ != openings_.personal.size())
    return failure("personal: there are records of batches that are not on the log");
  return checked_;
}

Result<void> BatchAudit::take(std::uint64_t entry) {
  const auto tx = opened_part(log_, openings_, entry);
  if (!tx) return failure(tx.error());
  Result<void> ok;
  if (tx->kind == TransactionKind::registration) take_registration(*tx);
  if (const auto batches = batches_of(*tx); !batches)
    ok = failure(batches.error());
  else
    for (const BatchEntry& b : *batches)
      if (ok) ok = in_its_place(*tx, b, check_batch(b));
  if (tx->kind == TransactionKind::marks) ok = check_marks(*tx);
  if (tx->kind == TransactionKind::settlement) ok = check_settled(*tx);
  return ok ? ok : failure("entry " + std::to_string(entry) + ": " + ok.error());
}

// Of one of many batches, which one.
Result<void> BatchAudit::in_its_place(const Transaction& tx, const BatchEntry& b,
                                      Result<void> found) {
  if (found || tx.kind != TransactionKind::concentrated) return found;
  return failure("gateway " + std::to_string(b.batch.gateway.value) + " epoch " +
                 std::to_string(b.batch.epoch) + ": " + found.error());
}

// A gateway has papers before they are on the log.
Result<void> BatchAudit::find_swaps() {
  for (std::uint64_t i = 0; i < log_.entries.size(); ++i) {
    const auto view = view_entry(log_.entries[i]);
    if (!view || view->kind != TransactionKind::meter_swap) continue;
    const auto tx = opened_part(log_, openings_, i);
    if (!tx) return failure(tx.error());
    for (const Opening& o : tx->openings)
      if (const auto swap = decode_meter_swap(o.data))
        swaps_[swap->meter.value][swap->slot.value] = *swap;
  }
  return {};
}

// One that does not hold is R4's finding.
void BatchAudit::take_registration(const Transaction& tx) {
  const auto all = decode_registrations(tx.openings);
  if (!all) return;
  for (const auto& [r, key] : *all)
    meters_.try_emplace(
        r.meter.value,
        AuditedMeter{MeteredPoint(r, log_.genesis, nights_), swaps_[r.meter.value], {}});
}

Result<void> BatchAudit::check_presence(const Batch& batch, const Records& records) const {
  const Slot slot = slot_of(batch.epoch);
  for (const auto& [id, m] : meters_)
    if (m.registration().gateway == batch.gateway && m.registration().valid_in(slot) &&
        !records.contains(id) && !is_erased(batch, id))
      return failure("meter " + std::to_string(id) + " has neither record nor absence");
  for (const auto& [id, p] : records) {
    const std::string name = "record of meter " + std::to_string(id);
    const auto meter = meters_.find(id);
    if (meter == meters_.end()) return failure(name + ": the meter is not registered");
    const Registration& r = meter->second.registration();
    if (r.gateway != batch.gateway) return failure(name + ": the meter is another gateway's");
    if (!r.valid_in(slot)) return failure(name + ": the account is of other slots");
  }
  return {};
}

Result<void> BatchAudit::check_batch(const BatchEntry& entry) {
  static const Records none;
  const Batch& batch = entry.batch;
  const auto at = openings_.personal.find({batch.gateway.value, batch.epoch});
  const Records& records = at == openings_.personal.end() ? none : at->second;
  if (auto ok = check_presence(batch, records); !ok) return ok;
  std::vector<Hash> leaves, quarantined;
  for (const auto& [id, leaf] : record_leaves(openings_, batch.gateway, batch.epoch))
    leaves.push_back(leaf);
  const std::map<std::uint32_t, ErasedLeaf>& erased = erased_of(batch);
  for (const auto& [id, leaf] : erased) erased_meters_.insert(id);
  std::vector<std::int64_t> imports, exports;
  Batch expected = batch;
  expected.records = expected.count = expected.first_sequence = expected.last_sequence = 0;
  for (const auto& [id, p] : records) {
    AuditedMeter& m = meters_.at(id);
    const MeterRecord& r = p.record;
    if (auto ok = check_record(m, p); !ok)
      return failure("record of meter " + std::to_string(id) + ": " + ok.error());
    count_record(expected, r);
    if (quarantines(r.verdict))
      quarantined.push_back(leaf_hash(record_commitment(openings_.keys.at(r.account).personal, r)));
    if (const auto rises = m.point.add(r); rises && m.registration().kind == MeterKind::home) {
      imports.push_back(rises->import_mwh);
      exports.push_back(rises->export_mwh);
    }
  }
  expected.import_sum = {public_gateway_sum(imports, log_.genesis.gateways.size())};
  expected.export_sum = {public_gateway_sum(exports, log_.genesis.gateways.size())};
  if (root_of(leaves) != entry.tx.root) return failure("its records do not hash to its root");
  if (erased.empty() && root_of(quarantined) != batch.quarantine_root)
    return failure("its quarantine list is another");
  if (auto ok = check_counts(batch, expected, erased.size()); !ok) return ok;
  ++checked_.batches;
  checked_.erased += erased.size();
  opened_ += records.empty() ? 0 : 1;
  owe_marks(batch);
  return {};
}

const std::map<std::uint32_t, ErasedLeaf>& BatchAudit::erased_of(const Batch& batch) const {
  static const std::map<std::uint32_t, ErasedLeaf> none;
  const auto at = openings_.erased.personal.find({batch.gateway.value, batch.epoch});
  return at == openings_.erased.personal.end() ? none : at->second;
}

bool BatchAudit::is_erased(const Batch& batch, std::uint32_t meter) const {
  return erased_of(batch).contains(meter);
}

// `counted`: what the records that are left say. What erased ones add to sums and lists is gone;
// their number and what they can only add to are not.
Result<void> BatchAudit::check_counts(const Batch& batch, const Batch& counted,
                                      std::size_t erased) const {
  const bool fits = erased == 0 ? encode(counted) == encode(batch)
                                : counted.records + erased == batch.records &&
                                      counted.count <= batch.count &&
                                      counted.last_sequence <= batch.last_sequence;
  if (!fits) return failure("its counts, sequences or sums do not follow from its records");
  return {};
}

Result<void> BatchAudit::check_record(AuditedMeter& m, const PersonalRecord& p) {
  const MeterRecord& r = p.record;
  if (m.registration().account != r.account)
    return failure("is of another account than its meter's");
  const std::uint32_t slot = slot_of(r.epoch).value;
  while (!m.swaps.empty() && m.swaps.begin()->first <= slot) {
    m.point.accept_papers(m.swaps.begin()->second);
    m.swaps.erase(m.swaps.begin());
  }
  if (r.verdict & bit(Rule::absent)) {
    if (!p.readings.empty() || encode(r) != encode(m.point.absence(r.epoch)))
      return failure("is not the absence that follows from the readings before");
    ++checked_.absences;
  } else if (auto ok = check_readings(m, p); !ok) {
    return ok;
  }
  return {};
}

Result<void> BatchAudit::check_readings(AuditedMeter& m, const PersonalRecord& p) {
  const MeterRecord& r = p.record;
  if (p.readings.empty()) return failure("holds no readings and is no absence");
  const SubjectKey& key = openings_.keys.at(r.account).personal;
  if (readings_root(key, r.meter, p.readings) != r.readings_root)
    return failure("its readings do not hash to its root");
  MeterRecord expected = recomputed(m, p);
  const Verdict v = expected.verdict;
  const bool late = v & bit(Rule::time_apart), said_late = r.verdict & bit(Rule::time_apart);
  const bool later = v & bit(Rule::time_informative), said_any = r.verdict & on_arrival;
  if ((v | on_arrival) != (r.verdict | on_arrival) || (late && !said_late) || (later && !said_any))
    return failure("its verdict is \"" + rule_names(r.verdict) + "\", recomputed \"" +
                   rule_names(v) + "\"");
  expected.verdict = r.verdict;
  if (encode(expected) != encode(r)) return failure("does not end where its readings end");
  checked_.readings += p.readings.size();
  checked_.gaps += v & bit(Rule::sequence_gap) ? 1 : 0;
  return {};
}

MeterRecord BatchAudit::recomputed(AuditedMeter& m, const PersonalRecord& p) const {
  const MeterRecord& r = p.record;
  const Genesis& g = log_.genesis;
  const SubjectKey& key = openings_.keys.at(r.account).personal;
  SignedBy by = m.point.signer_of(word_of(log_.chain_id, r, key, p.readings, p.each), verifier_);
  // The next meter may have spoken before its gateway had the papers.
  if (by == SignedBy::next_meter && (r.verdict & bit(Rule::signature))) by = SignedBy::nobody;
  const auto [record, judged] = m.point.take(
      {r.first_sequence, p.readings, r.readings_root, r.signature, by, std::nullopt}, r.epoch);
  Arrival in_time(g, r.epoch, informative_ms), synchronised(g, r.epoch, synchronised_ms);
  for (const TakenReading& t : judged.taken) {
    in_time.add(t.reading.time_ms, t.before_end_ms);
    synchronised.add(t.reading.time_ms, t.before_end_ms);
  }
  MeterRecord out = record;
  if (!in_time.possible()) out.verdict |= bit(Rule::time_apart);
  if (!synchronised.possible()) out.verdict |= bit(Rule::time_informative);
  return out;
}

// What a gateway has to mark once its batches have reached the end of a slot that is not settled.
void BatchAudit::owe_marks(const Batch& batch) {
  const std::int64_t end_ms = std::int64_t{batch.epoch} * log_.genesis.batch_ms;
  if (end_ms % log_.genesis.slot_ms != 0) return;
  const Slot slot = slot_of(batch.epoch);
  for (auto& [id, m] : meters_) {
    if (m.registration().gateway != batch.gateway || erased_meters_.contains(id)) continue;
    const auto mark = m.point.mark(slot);
    if (mark && slot.value >= next_slot_) m.due[slot.value] = *mark;
  }
}

Result<void> BatchAudit::check_marks(const Transaction& tx) {
  const auto body = decode_marks_body(tx.body);
  if (!body) return failure(body.error());
  for (const Opening& o : tx.openings) {
    const auto mark = decode_mark(o.data);
    const auto meter = mark ? meters_.find(mark->meter.value) : meters_.end();
    if (meter == meters_.end()) return failure("a mark is of no registered meter");
    if (erased_meters_.contains(meter->first)) continue;
    const auto due = meter->second.due.find(body->slot.value);
    if (due == meter->second.due.end() || encode(due->second) != encode(*mark))
      return failure("the mark of meter " + std::to_string(mark->meter.value) +
                     " is not what its batches say");
    meter->second.due.erase(due);
  }
  for (const auto& [id, m] : meters_)
    if (m.registration().gateway == body->gateway && m.due.contains(body->slot.value))
      return failure("the mark of meter " + std::to_string(id) + " is left out");
  return {};
}

Result<void> BatchAudit::check_settled(const Transaction& tx) {
  const auto body = decode_settlement_body(tx.body);
  if (!body) return failure(body.error());
  for (const auto& [id, m] : meters_)
    if (m.due.contains(body->slot.value))
      return failure("slot " + std::to_string(body->slot.value) + " is settled without gateway " +
                     std::to_string(m.registration().gateway.value) +
                     "'s marks, which its batches had reached");
  next_slot_ = body->slot.value + 1;
  return {};
}

}  // namespace

Result<BatchesChecked> check_batches(const PublicLog& log, const Openings& openings,
                                     Verifier& verifier) {
  return BatchAudit(log, openings, verifier).run();
}

}  // namespace market
