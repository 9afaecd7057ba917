#include "ledger/oracle/batch.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"

namespace ledger {
namespace {

constexpr std::uint8_t record_version = 1;

}  // namespace

void end_at(MeterRecord& record, const std::optional<Reading>& last) {
  if (!last) return;
  record.end_time_ms = last->time_ms;
  record.import_register = last->import_register;
  record.export_register = last->export_register;
}

MeterRecord absence_after(const MeterRecord& registered, const std::optional<Reading>& last,
                          std::uint32_t epoch) {
  MeterRecord m = registered;
  m.epoch = epoch;
  m.first_sequence = last ? last->sequence + 1 : 1;
  m.readings_root = root_of({});
  m.verdict = bit(Rule::absent);
  end_at(m, last);
  return m;
}

void count_record(Batch& b, const MeterRecord& r) {
  ++b.records;
  if (r.count == 0 || (r.verdict & bit(Rule::signature)) != 0) return;
  b.first_sequence = b.count == 0 ? r.first_sequence : std::min(b.first_sequence, r.first_sequence);
  b.last_sequence = std::max(b.last_sequence, r.first_sequence + r.count - 1);
  b.count += r.count;
}

Bytes encode(const MeterRecord& m) {
  ByteWriter w;
  w.raw(m.account.bytes)
      .u8(record_version)
      .u32(m.meter.value)
      .u32(m.epoch)
      .u32(m.first_sequence)
      .u16(m.count);
  w.raw(m.readings_root).u40(static_cast<std::uint64_t>(m.end_time_ms));
  w.u40(static_cast<std::uint64_t>(m.import_register.value));
  w.u40(static_cast<std::uint64_t>(m.export_register.value));
  w.u16(m.verdict).raw(m.signature);
  return w.take();
}

Result<MeterRecord> decode_meter_record(BytesView bytes) {
  ByteReader r(bytes);
  MeterRecord m;
  m.account.bytes = r.array<16>();
  const std::uint8_t version = r.u8();
  m.meter.value = r.u32();
  m.epoch = r.u32();
  m.first_sequence = r.u32();
  m.count = r.u16();
  m.readings_root = r.hash();
  m.end_time_ms = static_cast<std::int64_t>(r.u40());
  m.import_register.value = static_cast<std::int64_t>(r.u40());
  m.export_register.value = static_cast<std::int64_t>(r.u40());
  m.verdict = r.u16();
  m.signature = r.array<64>();
  if (!r.done()) return failure("meter record of a wrong length");
  if (version != record_version) return failure("unknown version of a meter record");
  return m;
}

Bytes meter_signed_bytes(const Hash& chain_id, MeterId meter, std::uint32_t first_sequence,
                         std::uint16_t count, const Hash& readings_root) {
  ByteWriter w;
  w.raw(bytes_of("aipchain meter 1")).raw(chain_id).u32(meter.value).u32(first_sequence);
  w.u16(count).raw(readings_root);
  return w.take();
}

MeterWord word_of(const Hash& chain_id, const MeterRecord& r,
                  std::span<const ReadingBytes> readings, std::span<const Hash> leaves,
                  std::span<const Signature> each) {
  if (each.empty() && r.signature == Signature{}) return {};
  if (each.empty())
    return {{meter_signed_bytes(chain_id, r.meter, r.first_sequence, r.count, r.readings_root)},
            {r.signature}};
  MeterWord out{{}, {each.begin(), each.end()}};
  for (std::size_t i = 0; i < readings.size(); ++i)
    out.messages.push_back(
        meter_signed_bytes(chain_id, r.meter, decode_reading(readings[i]).sequence, 1, leaves[i]));
  return out;
}

MeterWord word_of(const Hash& chain_id, const MeterRecord& record, const SubjectKey& personal_key,
                  std::span<const ReadingBytes> readings, std::span<const Signature> each) {
  std::vector<Hash> leaves;
  if (!each.empty())
    for (const ReadingBytes& r : readings)
      leaves.push_back(reading_leaf(personal_key, record.meter, r));
  return word_of(chain_id, record, readings, leaves, each);
}

bool gave(const PublicKey& meter_key, const MeterWord& word, Verifier& verifier) {
  if (meter_key == PublicKey{}) return word.signatures.empty();
  if (word.signatures.empty() || word.messages.size() != word.signatures.size()) return false;
  if (word.messages.size() == 1)
    return verifier.verify(meter_key, word.messages[0], word.signatures[0]);
  std::vector<SignatureClaim> claims;
  for (std::size_t i = 0; i < word.messages.size(); ++i)
    claims.push_back({meter_key, word.messages[i], word.signatures[i]});
  const std::vector<std::uint8_t> holds = verifier.verify_all(claims);
  return std::find(holds.begin(), holds.end(), 0) == holds.end();
}

Bytes encode(const Batch& b) {
  ByteWriter w;
  w.u32(b.gateway.value)
      .u32(b.epoch)
      .u32(b.records)
      .u32(b.count)
      .u32(b.first_sequence)
      .u32(b.last_sequence);
  w.i64(b.import_sum.value).i64(b.export_sum.value).raw(b.quarantine_root).raw(b.previous);
  w.raw(b.signature);
  return w.take();
}

Result<Batch> decode_batch(BytesView body) {
  ByteReader r(body);
  Batch b;
  b.gateway.value = r.u32();
  b.epoch = r.u32();
  b.records = r.u32();
  b.count = r.u32();
  b.first_sequence = r.u32();
  b.last_sequence = r.u32();
  b.import_sum.value = r.i64();
  b.export_sum.value = r.i64();
  b.quarantine_root = r.hash();
  b.previous = r.hash();
  b.signature = r.array<64>();
  if (!r.done()) return failure("batch of a wrong length");
  if (b.import_sum.value < hidden_sum || b.export_sum.value < hidden_sum)
    return failure("a batch's sum is below what stands for a hidden one");
  return b;
}

Bytes entry_signed_bytes(const Hash& chain_id, BytesView entry) {
  invariant(entry.size() >= sizeof(Signature), "a signed entry ends in its signature");
  constexpr std::string_view label = "aipchain entry 1";
  ByteWriter w(label.size() + chain_id.size() + entry.size());
  w.raw(bytes_of(label)).raw(chain_id);
  w.raw(entry.first(entry.size() - sizeof(Signature)));
  return w.take();
}

void sign_entry(Transaction& tx, const Hash& chain_id, Signer& signer) {
  const Signature s = signer.sign(entry_signed_bytes(chain_id, tx.entry()));
  std::copy(s.begin(), s.end(), tx.body.end() - static_cast<std::ptrdiff_t>(s.size()));
}

Hash record_commitment(const SubjectKey& key, const MeterRecord& record) {
  const Salt salt = derive_salt(key, SaltLabel::meter_record, record.meter.value, record.epoch);
  return commitment(salt, encode(record));
}

}  // namespace ledger
