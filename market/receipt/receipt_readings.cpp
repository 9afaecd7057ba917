#include "market/receipt/receipt_readings.hpp"

#include <algorithm>

#include "market/receipt/receipt_checks.hpp"

namespace market {

namespace {

// The readings of one record, as the receipt shows them.
struct Shown {
  std::vector<ReadingBytes> bytes;
  std::vector<Hash> leaves;
  std::vector<Signature> each;  // none, or one a reading
};

Shown read_shown(const std::vector<ReceiptPart>& readings, const std::string& name) {
  Shown out;
  for (const ReceiptPart& r : readings) {
    if (!r.has("signature")) {
      r.only_keys({"data", "salt"}, name + ".readings");
    } else {
      r.only_keys({"data", "salt", "signature"}, name + ".readings");
      const auto s = array_from_hex<64>(r.at("signature").text());
      want(s && out.each.size() == out.bytes.size(), name + ": a reading's signature is malformed");
      out.each.push_back(*s);
    }
    const auto data = array_from_hex<reading_size>(r.at("data").text());
    const auto salt = array_from_hex<32>(r.at("salt").text());
    want(data && salt, name + ": a reading is malformed");
    out.leaves.push_back(leaf_hash(commitment(*salt, *data)));
    out.bytes.push_back(*data);
  }
  want(out.each.empty() || out.each.size() == out.bytes.size(),
       name + ": only some readings are signed");
  return out;
}

enum class By : std::uint8_t { nobody, key_before, newest_key };

By signer_of(const MeterWord& word, const BatchKeys& keys, Verifier& verifier) {
  if (gave(keys.newest, word, verifier)) return By::newest_key;
  return keys.before && gave(*keys.before, word, verifier) ? By::key_before : By::nobody;
}

// The verdict may say of the newest key's minute that it is nobody's until one counts, and of the
// key's before from then on.
void check_signature(const MeterRecord& record, By by, const BatchKeys& keys, bool newest_counts,
                     const std::string& name) {
  const bool forged = record.verdict & bit(Rule::signature);
  want(by != By::nobody || forged, name + ": not signed by the meter");
  const bool either = by == By::newest_key ? keys.hears_late && !newest_counts : newest_counts;
  want(by == By::nobody || !forged || either,
       name + ": signed by the meter, and the verdict says otherwise");
}

void check_ends(const MeterRecord& record, const Reading& first, const Reading& last,
                const std::string& name) {
  want(first.sequence == record.first_sequence && last.import_register == record.import_register &&
           last.export_register == record.export_register && last.time_ms == record.end_time_ms,
       name + ": record does not begin and end where its readings do");
}

void check_root(const MeterRecord& record, const Shown& shown, const std::string& name) {
  want(root_of(shown.leaves) == record.readings_root && shown.leaves.size() == record.count,
       name + ": readings do not hash to the record's root");
  const bool absent = record.verdict & bit(Rule::absent);
  want(absent == shown.leaves.empty(), name + ": an absence holds readings, or a record none");
}

// Those that count: nothing is taken from a minute that is not the meter's.
std::vector<Reading> readings_of(const MeterRecord& record, const Shown& shown,
                                 const std::string& name) {
  std::vector<Reading> out;
  if (shown.bytes.empty() || (record.verdict & bit(Rule::signature))) return out;
  for (const ReadingBytes& bytes : shown.bytes) out.push_back(decode_reading(bytes));
  if (!(record.verdict & bit(Rule::sequence_stale)))
    check_ends(record, out.front(), out.back(), name);
  return out;
}

MeterRecord read_record(const ProvenEntry& e, const ReceiptOpenings& openings,
                        const ReceiptGateway& gateway, const TrustRoot& trust,
                        const std::string& name) {
  const Batch batch = take(decode_batch(e.tx.body), name);
  const std::int64_t ended_ms = std::int64_t{batch.epoch} * trust.genesis.batch_ms;
  const Slot slot{
      static_cast<std::uint32_t>(std::max(ended_ms - 1, std::int64_t{0}) / trust.genesis.slot_ms)};
  want(gateway.signed_entry(e, batch.gateway, slot, batch.signature, trust),
       name + ": not signed by the gateway");
  const MeterRecord record = take(decode_meter_record(e.opening.data), name);
  want(record.meter == openings.registration.meter && record.epoch == batch.epoch,
       name + ": record of another meter or epoch");
  return record;
}

bool one_by_one(const std::vector<Reading>& readings) {
  for (std::size_t i = 1; i < readings.size(); ++i)
    if (readings[i].sequence != readings[i - 1].sequence + 1) return false;
  return true;
}

bool rising(const std::vector<Reading>& readings) {
  for (std::size_t i = 1; i < readings.size(); ++i)
    if (readings[i].sequence <= readings[i - 1].sequence ||
        readings[i].time_ms <= readings[i - 1].time_ms)
      return false;
  return true;
}

// Where the slot has a mark: every batch of the slot, and every reading up to its end but those
// that a verdict says are missing.
void check_coverage(const ReceiptReadings& r, const ReceiptOpenings& openings, Slot slot,
                    const Genesis& g) {
  const std::int64_t begin_ms = std::int64_t{slot.value} * g.slot_ms, end_ms = begin_ms + g.slot_ms;
  const std::int64_t first = begin_ms / g.batch_ms + 1, last = end_ms / g.batch_ms;
  want(std::all_of(r.epochs.begin(), r.epochs.end(),
                   [&](std::uint32_t e) { return first <= e && e <= last; }),
       "a batch is of another slot");
  if (!openings.mark) return;
  want(std::int64_t(r.epochs.size()) == last - first + 1, "a batch of the slot is missing");
  constexpr Verdict missing = bit(Rule::signature) | bit(Rule::sequence_gap) |
                              bit(Rule::sequence_stale) | bit(Rule::absent);
  if ((r.verdict & missing) || openings.swapped_in(slot)) return;
  // What was kept over an outage may have begun before the slot.
  const auto of_slot =
      std::count_if(r.readings.begin(), r.readings.end(), [&](const Reading& reading) {
        return begin_ms < reading.time_ms && reading.time_ms <= end_ms;
      });
  want(of_slot == g.slot_ms / g.metering_ms,
       "readings of the slot are missing, and no verdict says so");
  want(one_by_one(r.readings), "a sequence is missing, and no verdict says so");
}

}  // namespace

ReceiptReadings read_readings(const ReceiptPart& receipt, EntryReader& reader,
                              const ReceiptOpenings& openings, const ReceiptGateway& gateway,
                              Slot slot, const TrustRoot& trust) {
  ReceiptReadings out;
  std::optional<PublicKey> counts;  // the newest key of which a minute does
  for (const ReceiptPart& j : receipt.list("batches")) {
    const std::string name = "batches[" + std::to_string(out.epochs.size()) + "]";
    const ProvenEntry e = reader.opened(j, TransactionKind::batch, name);
    const MeterRecord record = read_record(e, openings, gateway, trust, name);
    want(out.epochs.empty() || out.epochs.back() < record.epoch,
         name + ": is not in order of epochs");
    out.epochs.push_back(record.epoch);
    out.verdict |= record.verdict;
    const Shown shown = read_shown(j.list("readings"), name);
    check_root(record, shown, name);
    if (!shown.bytes.empty()) {
      const BatchKeys keys = openings.keys_for(slot, e.index);
      const By by =
          signer_of(word_of(trust.chain_id, record, shown.bytes, shown.leaves, shown.each), keys,
                    trust.verifier);
      check_signature(record, by, keys, counts == keys.newest, name);
      if (by == By::newest_key && !(record.verdict & bit(Rule::signature))) counts = keys.newest;
    }
    const auto readings = readings_of(record, shown, name);
    out.readings.insert(out.readings.end(), readings.begin(), readings.end());
  }
  check_coverage(out, openings, slot, trust.genesis);
  constexpr Verdict out_of_order = bit(Rule::sequence_stale) | bit(Rule::time_backwards);
  want((out.verdict & out_of_order) || openings.swapped_in(slot) || rising(out.readings),
       "readings are not in their order");
  return out;
}

}  // namespace market
