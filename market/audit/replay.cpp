#include "market/audit/replay.hpp"

#include <algorithm>

#include "ledger/chain/chain.hpp"

namespace market {
namespace {

// Rules whose verdict depends on when the gateway heard of a reading, which no record holds.
constexpr Verdict not_recomputed = bit(Rule::time_informative) | bit(Rule::time_apart);

// What an auditor keeps of one meter from batch to batch.
struct AuditedMeter {
  Registration registration;
  MeterOracle oracle;
  MilliWattHours import_register, export_register;
  std::optional<Reading> slot_end;    // the last reading at a slot's end
  bool slot_quarantined = false;      // since the last mark
  std::map<std::uint32_t, Mark> due;  // by slot: what its gateway has to post
};
using AuditedMeters = std::map<std::uint32_t, AuditedMeter>;

AuditedMeters registered_meters(const PublicLog& log, const Openings& openings) {
  AuditedMeters out;
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    const auto tx = whole_transaction(log, openings, i);
    if (!tx || tx->kind != TransactionKind::registration) continue;
    for (const Opening& o : tx->openings)
      if (auto r = decode_registration(o.data)) {
        const MeterLimits limits{static_cast<std::int32_t>(r->max_power_w),
                                 log.genesis.metering_ms};
        out.insert_or_assign(
            r->meter.value,
            AuditedMeter{
                *r, MeterOracle(limits), r->import_register, r->export_register, {}, false, {}});
      }
  }
  return out;
}

Verdict recomputed_verdict(const PublicLog& log, AuditedMeter& meter, const PersonalRecord& p,
                           Verifier& verifier) {
  const MeterRecord& r = p.record;
  Verdict v = 0;
  const Bytes signed_bytes =
      meter_signed_bytes(log.chain_id, r.meter, r.first_sequence, r.count, r.readings_root);
  if (!verifier.verify(meter.registration.meter_key, signed_bytes, r.signature))
    v |= bit(Rule::signature);
  for (std::size_t i = 0; i < p.readings.size(); ++i) {
    const Reading reading = decode_reading(p.readings[i]);
    const Verdict one = meter.oracle.judge(reading, reading.time_ms);
    v |= one;
    if (reading.sequence != r.first_sequence + i) v |= bit(Rule::sequence_gap);
    if (!(one & bit(Rule::sequence_stale)) && reading.time_ms % log.genesis.slot_ms == 0)
      meter.slot_end = reading;
  }
  return v | meter.oracle.judge_window();
}

Result<void> check_record(const PublicLog& log, const Openings& openings, AuditedMeter& meter,
                          const PersonalRecord& p, Verifier& verifier) {
  const MeterRecord& r = p.record;
  const SubjectKey& key = openings.keys.at(r.account).personal;
  if (meter.registration.account != r.account)
    return failure("is of another account than its meter's");
  if (p.readings.empty()) return failure("holds no readings");
  if (readings_root(key, r.meter, r.first_sequence, p.readings) != r.readings_root)
    return failure("its readings do not hash to its root");
  const Verdict v = recomputed_verdict(log, meter, p, verifier);
  if ((v | not_recomputed) != (r.verdict | not_recomputed))
    return failure("its verdict is \"" + rule_names(r.verdict) + "\", recomputed \"" +
                   rule_names(v) + "\"");
  const Reading last = decode_reading(p.readings.back());
  if (last.import_register != r.import_register || last.export_register != r.export_register ||
      last.time_ms != r.end_time_ms)
    return failure("does not end where its readings end");
  return {};
}

}  // namespace

Result<Transaction> whole_transaction(const PublicLog& log, const Openings& openings,
                                      std::uint64_t entry) {
  auto tx = decode_entry(log.entries[entry]);
  if (!tx) return failure("entry " + std::to_string(entry) + ": " + tx.error());
  if (const auto at = openings.restricted.find(entry); at != openings.restricted.end())
    for (const auto& [position, opening] : at->second) {
      if (position != tx->openings.size())
        return failure("entry " + std::to_string(entry) + ": an opening is missing or misplaced");
      tx->openings.push_back(opening);
    }
  if (tx->kind == TransactionKind::batch) {
    if (!tx->openings.empty())
      return failure("entry " + std::to_string(entry) + ": a batch has no restricted openings");
    return tx;
  }
  if (openings_root(tx->openings) != tx->root)
    return failure("entry " + std::to_string(entry) + ": its openings are missing or others");
  return tx;
}

Result<void> check_execution(const PublicLog& log, const Openings& openings, Verifier& verifier,
                             std::string& broken) {
  Chain chain(std::make_unique<MarketState>(log.genesis, verifier));
  for (const auto& certified : log.blocks) {
    Block block{certified.header, {}};
    const BlockHeader& h = certified.header;
    for (std::uint64_t i = h.log_size; i < h.log_size + h.entries; ++i) {
      auto tx = whole_transaction(log, openings, i);
      if (!tx) return failure(tx.error());
      block.transactions.push_back(std::move(*tx));
    }
    auto tried = chain.try_block(encode(block));
    if (!tried) return failure("block " + std::to_string(h.height) + ": " + tried.error());
    chain.commit(std::move(*tried));
    const auto& state = static_cast<const MarketState&>(chain.state());
    if (broken.empty())
      if (const std::string what = state.broken_invariant(); !what.empty())
        broken = "block " + std::to_string(h.height) + ": " + what;
  }
  if (chain.state_root() != log.checkpoint.state_root)
    return failure("checkpoint: its state root is not the one that execution gives");
  return {};
}

namespace {

// One batch against its meters' records.
Result<void> check_batch(const PublicLog& log, const Openings& openings, AuditedMeters& meters,
                         const Transaction& tx, const Batch& batch, Verifier& verifier) {
  static const std::map<std::uint32_t, PersonalRecord> none;
  const auto at = openings.personal.find({batch.gateway.value, batch.epoch});
  std::vector<Hash> leaves, quarantined;
  Batch expected = batch;
  expected.count = 0;
  expected.import_sum = expected.export_sum = {};
  for (const auto& [id, p] : at == openings.personal.end() ? none : at->second) {
    const auto meter = meters.find(id);
    const std::string name = "record of meter " + std::to_string(id);
    if (meter == meters.end()) return failure(name + ": the meter is not registered");
    AuditedMeter& m = meter->second;
    if (auto ok = check_record(log, openings, m, p, verifier); !ok)
      return failure(name + ": " + ok.error());
    const Hash leaf =
        leaf_hash(record_commitment(openings.keys.at(p.record.account).personal, p.record));
    leaves.push_back(leaf);
    if (quarantines(p.record.verdict)) quarantined.push_back(leaf);
    m.slot_quarantined = m.slot_quarantined || quarantines(p.record.verdict);
    expected.count += p.record.count;
    if (m.registration.kind == MeterKind::home) {
      expected.import_sum += p.record.import_register - m.import_register;
      expected.export_sum += p.record.export_register - m.export_register;
    }
    m.import_register = p.record.import_register;
    m.export_register = p.record.export_register;
  }
  if (root_of(leaves) != tx.root)
    return failure("its records do not hash to its root, or some are missing");
  if (root_of(quarantined) != batch.quarantine_root)
    return failure("its quarantine list is another");
  if (encode(expected) != encode(batch))
    return failure("its count or sums do not follow from its records");
  return {};
}

// What a gateway has to mark once its batches have reached the end of a slot.
void owe_marks(AuditedMeters& meters, GatewayId gateway, Slot slot, std::int64_t end_ms) {
  for (auto& [id, m] : meters) {
    if (m.registration.gateway != gateway || !m.slot_end || m.slot_end->time_ms != end_ms) continue;
    m.due[slot.value] = Mark{m.registration.account,
                             {id},
                             slot,
                             m.slot_end->import_register,
                             m.slot_end->export_register,
                             m.slot_quarantined};
    m.slot_quarantined = false;
  }
}

// Marks against the batches before them: each register a reading's, none left out.
Result<void> check_marks(AuditedMeters& meters, const Transaction& tx) {
  const auto body = decode_marks_body(tx.body);
  if (!body) return failure(body.error());
  for (const Opening& o : tx.openings) {
    const auto mark = decode_mark(o.data);
    const auto meter = mark ? meters.find(mark->meter.value) : meters.end();
    if (meter == meters.end()) return failure("a mark is of no registered meter");
    const auto due = meter->second.due.find(body->slot.value);
    if (due == meter->second.due.end() || encode(due->second) != encode(*mark))
      return failure("the mark of meter " + std::to_string(mark->meter.value) +
                     " is not what its batches say");
    meter->second.due.erase(due);
  }
  for (const auto& [id, m] : meters)
    if (m.registration.gateway == body->gateway && m.due.contains(body->slot.value))
      return failure("the mark of meter " + std::to_string(id) + " is left out");
  return {};
}

}  // namespace

Result<void> check_batches(const PublicLog& log, const Openings& openings, Verifier& verifier) {
  AuditedMeters meters = registered_meters(log, openings);
  std::size_t seen = 0;
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    const auto of_entry = [&](const Result<void>& result) {
      return result ? result : failure("entry " + std::to_string(i) + ": " + result.error());
    };
    const auto tx = whole_transaction(log, openings, i);
    if (!tx) return failure(tx.error());
    if (tx->kind == TransactionKind::marks)
      if (auto ok = of_entry(check_marks(meters, *tx)); !ok) return ok;
    if (tx->kind != TransactionKind::batch) continue;
    const auto batch = decode_batch(tx->body);
    if (!batch) return of_entry(failure(batch.error()));
    if (auto ok = of_entry(check_batch(log, openings, meters, *tx, *batch, verifier)); !ok)
      return ok;
    seen += openings.personal.contains({batch->gateway.value, batch->epoch}) ? 1 : 0;
    const std::int64_t end_ms = std::int64_t{batch->epoch} * log.genesis.batch_ms;
    if (end_ms % log.genesis.slot_ms == 0)
      owe_marks(meters, batch->gateway,
                Slot{static_cast<std::uint32_t>(end_ms / log.genesis.slot_ms - 1)}, end_ms);
  }
  if (seen != openings.personal.size())
    return failure("personal: there are records of batches that are not on the log");
  return {};
}

}  // namespace market
