#include "market/metering/record_check.hpp"

#include <algorithm>

#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"

namespace market {
namespace {

// Rules whose verdict depends on when the gateway heard of a reading, which no record holds.
constexpr Verdict on_arrival = bit(Rule::time_informative) | bit(Rule::time_apart);

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

MeterRecord recomputed(MeteredPoint& point, const OpenedRecord& o, const RecordTerms& terms) {
  const MeterRecord& r = o.record;
  const MeterWord word = word_of(terms.chain_id, r, o.readings, o.reading_leaves, o.each);
  const Slot slot = slot_of_epoch(terms.genesis, r.epoch);
  SignedBy by = point.signer_of(word, slot, terms.verifier);
  // The next meter, or key, may have spoken before its gateway knew of it.
  if (is_new(by) && point.may_lag(slot) && (r.verdict & bit(Rule::signature)))
    by = SignedBy::nobody;
  if (terms.hears_late && by == SignedBy::nobody && !(r.verdict & bit(Rule::signature)))
    by = point.signer_unheard(word, terms.verifier);
  const auto [record, judged] = point.take(
      {r.first_sequence, o.readings, r.readings_root, r.signature, by, std::nullopt}, r.epoch);
  Arrival in_time(terms.genesis, r.epoch, informative_ms),
      synchronised(terms.genesis, r.epoch, synchronised_ms);
  for (const TakenReading& t : judged.taken) {
    in_time.add(t.reading.time_ms, t.before_end_ms);
    synchronised.add(t.reading.time_ms, t.before_end_ms);
  }
  MeterRecord out = record;
  if (!in_time.possible()) out.verdict |= bit(Rule::time_apart);
  if (!synchronised.possible()) out.verdict |= bit(Rule::time_informative);
  return out;
}

CheckedRecord check_readings(MeteredPoint& point, const OpenedRecord& o, const RecordTerms& terms) {
  const MeterRecord& r = o.record;
  CheckedRecord out{recomputed(point, o, terms), {}, false};
  const Verdict v = out.record.verdict;
  const bool late = v & bit(Rule::time_apart), said_late = r.verdict & bit(Rule::time_apart);
  const bool later = v & bit(Rule::time_informative), said_any = r.verdict & on_arrival;
  if ((v | on_arrival) != (r.verdict | on_arrival) || (late && !said_late) ||
      (later && !said_any)) {
    out.wrong =
        "its verdict is \"" + rule_names(r.verdict) + "\", recomputed \"" + rule_names(v) + "\"";
    return out;
  }
  out.record.verdict = r.verdict;
  if (encode(out.record) != encode(r)) out.wrong = "does not end where its readings end";
  out.gap = v & bit(Rule::sequence_gap);
  return out;
}

}  // namespace

OpenedRecord opened(const PersonalRecord& p, const SubjectKey& key) {
  OpenedRecord out{p.record, leaf_hash(record_commitment(key, p.record)), p.readings, {}, p.each};
  for (const ReadingBytes& r : p.readings)
    out.reading_leaves.push_back(reading_leaf(key, p.record.meter, r));
  return out;
}

CheckedRecord check_record(MeteredPoint& point, const OpenedRecord& o, const RecordTerms& terms) {
  const MeterRecord& r = o.record;
  const auto nothing = [&](const char* wrong) {
    return CheckedRecord{point.absence(r.epoch), wrong, false};
  };
  if (point.registration().account != r.account)
    return nothing("is of another account than its meter's");
  if (r.verdict & bit(Rule::absent))
    return nothing(o.readings.empty() && encode(r) == encode(point.absence(r.epoch))
                       ? ""
                       : "is not the absence that follows from the readings before");
  if (o.readings.empty()) return nothing("holds no readings and is no absence");
  if (root_of(o.reading_leaves) != r.readings_root)
    return nothing("its readings do not hash to its root");
  return check_readings(point, o, terms);
}

void BatchTotals::add(MeteredPoint& point, const MeterRecord& record, const Hash& leaf) {
  count_record(counted_, record);
  if (quarantines(record.verdict)) quarantined_.push_back(leaf);
  const auto rises = point.add(record);
  if (!rises || point.registration().kind != MeterKind::home) return;
  imports_.push_back(rises->import_mwh);
  exports_.push_back(rises->export_mwh);
}

Batch BatchTotals::batch(const Batch& like, std::size_t gateways) const {
  Batch out = like;
  out.records = counted_.records;
  out.count = counted_.count;
  out.first_sequence = counted_.first_sequence;
  out.last_sequence = counted_.last_sequence;
  out.import_sum = {public_gateway_sum(imports_, gateways)};
  out.export_sum = {public_gateway_sum(exports_, gateways)};
  out.quarantine_root = root_of(quarantined_);
  return out;
}

}  // namespace market
