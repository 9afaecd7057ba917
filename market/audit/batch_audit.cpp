#include "market/audit/batch_audit.hpp"

#include <algorithm>
#include <set>

#include "market/audit/replay.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/metering/point_papers.hpp"
#include "market/metering/record_check.hpp"

namespace market {
namespace {

// What is kept of one meter from batch to batch.
struct AuditedMeter {
  MeteredPoint point;
  std::map<std::uint32_t, MeterSwap> swaps;  // on the log, by slot: not reached yet
  std::map<std::uint32_t, NextKey> changes;  // of the meter's key, on the log so far: likewise
  std::map<std::uint32_t, Mark> due;         // by slot: what its gateway has to post
  // Its gateway knows of all changes so far from this slot on: it posted behind them.
  std::optional<Slot> knows_from;
  bool leaves = false;    // deregistered
  bool left_out = false;  // by its gateway, since it left

  const Registration& registration() const { return point.registration(); }
  bool has_left(Slot slot) const { return leaves && slot >= registration().end_slot; }
};

class BatchAudit {
 public:
  BatchAudit(const PublicLog& log, const Openings& openings, Verifier& verifier)
      : log_(log), openings_(openings), verifier_(verifier), nights_(nights_of(log.genesis)) {}
  Result<BatchesChecked> run();
  const std::optional<AttestedEntry>& wrong() const { return wrong_; }

 private:
  using Records = std::map<std::uint32_t, PersonalRecord>;

  Result<void> find_papers();
  void take_paper(TransactionKind kind, const Opening& opening);
  void take_key_change(const Transaction& tx);
  void reach(AuditedMeter& meter, Slot slot);
  Result<void> take(std::uint64_t entry);
  void take_registration(const Transaction& tx);
  Result<void> check_batch(const BatchEntry& entry);
  Result<void> in_its_place(const Transaction& tx, const BatchEntry& batch, Result<void> found);
  Result<void> check_presence(const Batch& batch, const Records& records);
  Result<void> check_counts(const Batch& batch, const Batch& counted, std::size_t erased) const;
  const std::map<std::uint32_t, ErasedLeaf>& erased_of(const Batch& batch) const;
  bool is_erased(const Batch& batch, std::uint32_t meter) const;
  Result<void> check_record(AuditedMeter& meter, const OpenedRecord& o);
  void owe_marks(const Batch& batch);
  Result<void> check_marks(const Transaction& tx);
  Result<void> check_settled(const Transaction& tx);

  std::optional<Slot> block_slot() const;
  Slot slot_of(std::uint32_t epoch) const { return slot_of_epoch(log_.genesis, epoch); }

  const PublicLog& log_;
  const Openings& openings_;
  Verifier& verifier_;
  Nights nights_;
  std::map<std::uint32_t, std::map<std::uint32_t, MeterSwap>> swaps_;  // by meter and slot
  std::map<std::uint32_t, Slot> last_slots_;                           // of meters that leave
  std::map<std::uint32_t, AuditedMeter> meters_;
  std::set<std::uint32_t> erased_meters_;  // whose records are not all there
  std::uint32_t next_slot_ = 0;            // not settled yet
  std::size_t block_ = 0;                  // the entry's
  BatchesChecked checked_;
  std::size_t opened_ = 0;  // batches with records
  std::optional<AttestedEntry> wrong_;
};

Result<BatchesChecked> BatchAudit::run() {
  if (auto ok = find_papers(); !ok) return failure(ok.error());
  for (std::uint64_t i = 0; i < log_.entries.size(); ++i)
    if (auto ok = take(i); !ok) return failure(ok.error());
  if (opened_ != openings_.personal.size())
    return failure("personal: there are records of batches that are not on the log");
  return checked_;
}

Result<void> BatchAudit::take(std::uint64_t entry) {
  const auto ends_before = [&](const BlockHeader& h) { return h.log_size + h.entries <= entry; };
  while (block_ < log_.blocks.size() && ends_before(log_.blocks[block_].header)) ++block_;
  const auto tx = opened_part(log_, openings_, entry);
  if (!tx) return failure(tx.error());
  Result<void> ok;
  if (tx->kind == TransactionKind::registration) take_registration(*tx);
  if (tx->kind == TransactionKind::key_change) take_key_change(*tx);
  if (const auto batches = batches_of(*tx); !batches)
    ok = failure(batches.error());
  else
    for (const BatchEntry& b : *batches)
      if (ok) ok = in_its_place(*tx, b, check_batch(b));
  if (tx->kind == TransactionKind::marks) {
    ok = check_marks(*tx);
    if (!ok) wrong_ = *attested_entry(*tx);
  }
  if (tx->kind == TransactionKind::settlement) ok = check_settled(*tx);
  return ok ? ok : failure("entry " + std::to_string(entry) + ": " + ok.error());
}

// Of one of many batches, which one.
Result<void> BatchAudit::in_its_place(const Transaction& tx, const BatchEntry& b,
                                      Result<void> found) {
  if (!found) wrong_ = *attested_entry(b.tx);
  if (found || tx.kind != TransactionKind::concentrated) return found;
  return failure("gateway " + std::to_string(b.batch.gateway.value) + " epoch " +
                 std::to_string(b.batch.epoch) + ": " + found.error());
}

// A gateway has papers of swaps before they are on the log, and a departure ends the point's slots.
Result<void> BatchAudit::find_papers() {
  for (std::uint64_t i = 0; i < log_.entries.size(); ++i) {
    const auto view = view_entry(log_.entries[i]);
    if (!view || (view->kind != TransactionKind::meter_swap &&
                  view->kind != TransactionKind::deregistration))
      continue;
    const auto tx = opened_part(log_, openings_, i);
    if (!tx) return failure(tx.error());
    for (const Opening& o : tx->openings) take_paper(tx->kind, o);
  }
  return {};
}

void BatchAudit::take_paper(TransactionKind kind, const Opening& o) {
  if (kind == TransactionKind::meter_swap) {
    if (const auto swap = decode_meter_swap(o.data))
      swaps_[swap->meter.value][swap->slot.value] = *swap;
  } else if (const auto leaving = decode_deregistration(o.data)) {
    last_slots_[leaving->meter.value] = leaving->last;
  }
}

// Acts in what stands behind it on the log: nobody judged by it before. Its gateway may hear of it
// later still, where others brought it: what the old key signed then counts for a while
// (market/metering/record_check.hpp).
void BatchAudit::take_key_change(const Transaction& tx) {
  for (const Opening& o : tx.openings)
    if (const auto change = decode_key_change(o.data); change && change->of == KeyOf::meter)
      if (const auto at = meters_.find(change->meter.value); at != meters_.end()) {
        at->second.changes[change->slot.value] = change->next();
        at->second.knows_from.reset();
      }
}

// One that does not hold is R4's finding.
void BatchAudit::take_registration(const Transaction& tx) {
  auto all = decode_registrations(tx.openings);
  if (!all) return;
  for (auto& [r, key] : *all) {
    const std::uint32_t id = r.meter.value;
    const auto last = last_slots_.find(id);
    const bool leaves = last != last_slots_.end();
    if (leaves) r.end_slot = {last->second.value + 1};
    meters_.try_emplace(
        id, AuditedMeter{
                MeteredPoint(r, log_.genesis, nights_), swaps_[id], {}, {}, {}, leaves, false});
  }
}

// A gateway goes on with a point that has left until it hears of it, and not behind that.
Result<void> BatchAudit::check_presence(const Batch& batch, const Records& records) {
  const Slot slot = slot_of(batch.epoch);
  for (auto& [id, m] : meters_) {
    if (m.registration().gateway != batch.gateway || records.contains(id) || is_erased(batch, id))
      continue;
    if (m.registration().valid_in(slot))
      return failure("meter " + std::to_string(id) + " has neither record nor absence");
    if (m.has_left(slot)) m.left_out = true;
  }
  for (const auto& [id, p] : records) {
    const std::string name = "record of meter " + std::to_string(id);
    const auto meter = meters_.find(id);
    if (meter == meters_.end()) return failure(name + ": the meter is not registered");
    const Registration& r = meter->second.registration();
    if (r.gateway != batch.gateway) return failure(name + ": the meter is another gateway's");
    const bool goes_on = meter->second.has_left(slot) && !meter->second.left_out;
    if (!r.valid_in(slot) && !goes_on) return failure(name + ": the account is of other slots");
  }
  return {};
}

Result<void> BatchAudit::check_batch(const BatchEntry& entry) {
  static const Records none;
  const Batch& batch = entry.batch;
  const auto at = openings_.personal.find({batch.gateway.value, batch.epoch});
  const Records& records = at == openings_.personal.end() ? none : at->second;
  if (auto ok = check_presence(batch, records); !ok) return ok;
  std::vector<Hash> leaves;
  for (const auto& [id, leaf] : record_leaves(openings_, batch.gateway, batch.epoch))
    leaves.push_back(leaf);
  const std::map<std::uint32_t, ErasedLeaf>& erased = erased_of(batch);
  for (const auto& [id, leaf] : erased) erased_meters_.insert(id);
  BatchTotals totals;
  for (const auto& [id, p] : records) {
    AuditedMeter& m = meters_.at(id);
    const OpenedRecord o = opened(p, openings_.keys.at(p.record.account).personal);
    if (auto ok = check_record(m, o); !ok)
      return failure("record of meter " + std::to_string(id) + ": " + ok.error());
    totals.add(m.point, p.record, o.leaf);
    if (const auto now = block_slot(); now && !m.knows_from)
      m.knows_from = {now->value + slots_told_of_paper};
  }
  const Batch expected = totals.batch(batch, log_.genesis.gateways.size());
  if (root_of(leaves) != entry.tx.root) return failure("its records do not hash to its root");
  if (erased.empty() && expected.quarantine_root != batch.quarantine_root)
    return failure("its quarantine list is another");
  if (auto ok = check_counts(batch, expected, erased.size()); !ok) return ok;
  ++checked_.batches;
  checked_.erased += erased.size();
  opened_ += records.empty() ? 0 : 1;
  owe_marks(batch);
  return {};
}

// Of the block that the entry came with.
std::optional<Slot> BatchAudit::block_slot() const {
  if (block_ == log_.blocks.size()) return std::nullopt;
  return Slot{
      static_cast<std::uint32_t>(log_.blocks[block_].header.time_ms / log_.genesis.slot_ms)};
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

Result<void> BatchAudit::check_record(AuditedMeter& m, const OpenedRecord& o) {
  reach(m, slot_of(o.record.epoch));
  const bool hears_late = !m.knows_from || slot_of(o.record.epoch) < *m.knows_from;
  const CheckedRecord checked =
      market::check_record(m.point, o, {log_.genesis, log_.chain_id, verifier_, hears_late});
  if (!checked.wrong.empty()) return failure(checked.wrong);
  if (o.record.verdict & bit(Rule::absent)) {
    ++checked_.absences;
    return {};
  }
  checked_.readings += o.readings.size();
  checked_.gaps += checked.gap ? 1 : 0;
  return {};
}

// No swap and change of key are of one slot.
void BatchAudit::reach(AuditedMeter& m, Slot slot) {
  constexpr std::uint32_t none = UINT32_MAX;
  for (;;) {
    const std::uint32_t swap = m.swaps.empty() ? none : m.swaps.begin()->first;
    const std::uint32_t change = m.changes.empty() ? none : m.changes.begin()->first;
    if (std::min(swap, change) > slot.value) return;
    if (swap < change) {
      m.point.accept_papers(m.swaps.begin()->second);
      m.swaps.erase(m.swaps.begin());
    } else {
      m.point.accept_next_key(m.changes.begin()->second);
      m.changes.erase(m.changes.begin());
    }
  }
}

// What a gateway has to mark once its batches have reached the end of a slot that is not settled.
void BatchAudit::owe_marks(const Batch& batch) {
  const std::int64_t end_ms = std::int64_t{batch.epoch} * log_.genesis.batch_ms;
  if (end_ms % log_.genesis.slot_ms != 0) return;
  const Slot slot = slot_of(batch.epoch);
  for (auto& [id, m] : meters_) {
    if (m.registration().gateway != batch.gateway || erased_meters_.contains(id)) continue;
    if (!m.registration().valid_in(slot)) continue;
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
    if (meter->second.has_left(body->slot)) continue;  // nothing comes of it
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
                                     Verifier& verifier, std::optional<AttestedEntry>* wrong) {
  BatchAudit audit(log, openings, verifier);
  auto checked = audit.run();
  if (wrong) *wrong = audit.wrong();
  return checked;
}

}  // namespace market
