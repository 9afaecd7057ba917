#include "twin/node/base/attest_request.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::size_t most_words = 256;

Hash leaf_of(const Salt& salt, BytesView data) { return leaf_hash(commitment(salt, data)); }

void put(ByteWriter& w, const RecordOpening& o) {
  w.raw(encode(o.record)).raw(o.salt);
  for (std::size_t i = 0; i < o.readings.size(); ++i) w.raw(o.readings[i]).raw(o.salts[i]);
  w.u16(static_cast<std::uint16_t>(o.each.size()));
  for (const Signature& s : o.each) w.raw(s);
}

RecordOpening take_record(ByteReader& r) {
  RecordOpening out;
  const auto record = decode_meter_record(r.raw(meter_record_size));
  if (!record) {
    r.fail();
    return out;
  }
  out.record = *record;
  out.salt = r.array<32>();
  for (int i = 0; i < record->count && !r.failed(); ++i) {
    out.readings.push_back(r.array<reading_size>());
    out.salts.push_back(r.array<32>());
  }
  const std::uint16_t each = r.u16();
  if (each != 0 && each != record->count) r.fail();
  for (int i = 0; i < each && !r.failed(); ++i) out.each.push_back(r.array<64>());
  return out;
}

}  // namespace

RecordOpening opening_of(const SubjectKey& key, const MeterRecord& record,
                         std::span<const ReadingBytes> readings, std::span<const Signature> each) {
  RecordOpening out{record,
                    derive_salt(key, SaltLabel::meter_record, record.meter.value, record.epoch),
                    {readings.begin(), readings.end()},
                    {},
                    {each.begin(), each.end()}};
  for (const ReadingBytes& r : readings)
    out.salts.push_back(
        derive_salt(key, SaltLabel::reading, record.meter.value, decode_reading(r).sequence));
  return out;
}

Bytes encode(const AttestRequest& request) {
  ByteWriter w;
  w.sized(request.entry.encode()).u16(static_cast<std::uint16_t>(request.papers.size()));
  for (const Transaction& tx : request.papers) w.sized(tx.encode());
  w.u16(static_cast<std::uint16_t>(request.records.size()));
  for (const RecordOpening& o : request.records) put(w, o);
  return frame(MessageKind::attest_request, w.view());
}

Result<AttestRequest> decode_request(BytesView body) {
  ByteReader r(body);
  AttestRequest out;
  auto entry = decode_transaction(r.sized());
  if (!entry) return failure(entry.error());
  out.entry = std::move(*entry);
  const std::uint16_t papers = r.u16();
  for (int i = 0; i < papers && !r.failed(); ++i) {
    auto tx = decode_transaction(r.sized());
    if (!tx) return failure(tx.error());
    out.papers.push_back(std::move(*tx));
  }
  const std::uint16_t records = r.u16();
  if (records > max_openings) r.fail();
  for (int i = 0; i < records && !r.failed(); ++i) out.records.push_back(take_record(r));
  if (!r.done()) return failure("request for an attestation is not in its canonical form");
  return out;
}

market::Attestor::Request opened(AttestRequest request) {
  market::Attestor::Request out{std::move(request.entry), std::move(request.papers), {}};
  for (RecordOpening& o : request.records) {
    market::OpenedRecord r{
        o.record, leaf_of(o.salt, encode(o.record)), std::move(o.readings), {}, std::move(o.each)};
    for (std::size_t i = 0; i < r.readings.size(); ++i)
      r.reading_leaves.push_back(leaf_of(o.salts[i], r.readings[i]));
    out.records.push_back(std::move(r));
  }
  return out;
}

Bytes encode(const AttestAnswer& a) {
  ByteWriter w;
  w.u32(a.what.gateway.value).u8(static_cast<std::uint8_t>(a.what.kind)).u32(a.what.number);
  w.raw(a.what.entry).u16(a.oracle).u8(a.signature ? 1 : 0);
  if (a.signature)
    w.raw(*a.signature);
  else
    w.sized(bytes_of(a.why.substr(0, most_words)));
  return frame(MessageKind::attest_answer, w.view());
}

Result<AttestAnswer> decode_answer(BytesView body) {
  ByteReader r(body);
  AttestAnswer a;
  a.what.gateway.value = r.u32();
  a.what.kind = static_cast<TransactionKind>(r.u8());
  a.what.number = r.u32();
  a.what.entry = r.hash();
  a.oracle = r.u16();
  const std::uint8_t attested = r.u8();
  if (attested > 1) r.fail();
  if (attested == 1) {
    a.signature = r.array<64>();
  } else {
    const BytesView why = r.sized();
    if (why.size() > most_words) r.fail();
    a.why = text_of(why);
  }
  if (!r.done()) return failure("answer about an attestation is not in its canonical form");
  return a;
}

}  // namespace twin
