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
};

std::map<std::uint32_t, AuditedMeter> registered_meters(const PublicLog& log,
                                                        const Openings& openings) {
  std::map<std::uint32_t, AuditedMeter> out;
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    const auto tx = whole_transaction(log, openings, i);
    if (!tx || tx->kind != TransactionKind::registration) continue;
    for (const Opening& o : tx->openings)
      if (auto r = decode_registration(o.data)) {
        const MeterLimits limits{static_cast<std::int32_t>(r->max_power_w),
                                 log.genesis.metering_ms};
        out.insert_or_assign(r->meter.value, AuditedMeter{*r, MeterOracle(limits),
                                                          r->import_register, r->export_register});
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
    v |= meter.oracle.judge(reading, reading.time_ms);
    if (reading.sequence != r.first_sequence + i) v |= bit(Rule::sequence_gap);
  }
  return v | meter.oracle.judge_window();
}

Result<void> check_record(const PublicLog& log, const Openings& openings, AuditedMeter& meter,
                          const PersonalRecord& p, Verifier& verifier) {
  const MeterRecord& r = p.record;
  const SubjectKey& key = openings.keys.at(r.account).personal;
  if (meter.registration.account != r.account)
    return failure("is of another account than its meter's");
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
  if (tx->kind == TransactionKind::batch) return tx;
  if (const auto at = openings.restricted.find(entry); at != openings.restricted.end())
    for (const auto& [position, opening] : at->second) tx->openings.push_back(opening);
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

Result<void> check_batches(const PublicLog& log, const Openings& openings, Verifier& verifier) {
  auto meters = registered_meters(log, openings);
  std::size_t seen = 0;
  for (std::uint64_t i = 0; i < log.entries.size(); ++i) {
    const auto tx = decode_entry(log.entries[i]);
    if (!tx || tx->kind != TransactionKind::batch) continue;
    const std::string entry = "entry " + std::to_string(i);
    const auto batch = decode_batch(tx->body);
    if (!batch) return failure(entry + ": " + batch.error());
    static const std::map<std::uint32_t, PersonalRecord> none;
    const auto at = openings.personal.find({batch->gateway.value, batch->epoch});
    const auto& records = at == openings.personal.end() ? none : at->second;
    seen += at == openings.personal.end() ? 0 : 1;
    std::vector<Hash> leaves, quarantined;
    Batch expected = *batch;
    expected.count = 0;
    expected.import_sum = expected.export_sum = {};
    for (const auto& [id, p] : records) {
      const auto meter = meters.find(id);
      const std::string name = entry + ": record of meter " + std::to_string(id);
      if (meter == meters.end()) return failure(name + ": the meter is not registered");
      if (auto ok = check_record(log, openings, meter->second, p, verifier); !ok)
        return failure(name + ": " + ok.error());
      const Hash leaf =
          leaf_hash(record_commitment(openings.keys.at(p.record.account).personal, p.record));
      leaves.push_back(leaf);
      if (quarantines(p.record.verdict)) quarantined.push_back(leaf);
      expected.count += p.record.count;
      AuditedMeter& m = meter->second;
      if (m.registration.kind == MeterKind::home) {
        expected.import_sum += p.record.import_register - m.import_register;
        expected.export_sum += p.record.export_register - m.export_register;
      }
      m.import_register = p.record.import_register;
      m.export_register = p.record.export_register;
    }
    if (root_of(leaves) != tx->root)
      return failure(entry + ": its records do not hash to its root, or some are missing");
    if (root_of(quarantined) != batch->quarantine_root)
      return failure(entry + ": its quarantine list is another");
    if (encode(expected) != encode(*batch))
      return failure(entry + ": its count or sums do not follow from its records");
  }
  if (seen != openings.personal.size())
    return failure("personal: there are records of batches that are not on the log");
  return {};
}

}  // namespace market
