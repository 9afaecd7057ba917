#include "twin/node/gateway/gateway_record.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"

namespace twin {

using namespace ledger;

namespace {

using market::MeteredPoint;

constexpr std::uint8_t has_last = 1, has_slot_end = 2, quarantined = 4, has_usual = 8,
                       has_papers = 16, tainted = 32, swapped = 64, has_more = 128;
constexpr std::uint8_t has_next_key = 1, has_next_account_key = 2, leaves = 4;  // of `more`

ReadingBytes bytes_of_reading(const std::optional<Reading>& reading) {
  if (!reading) return {};
  const auto bytes = encode(*reading);
  invariant(bytes.has_value(), "a reading that was taken is canonical");
  return *bytes;
}

void put_next(ByteWriter& w, const market::NextKey& next) { w.u32(next.from.value).raw(next.key); }

market::NextKey read_next(ByteReader& r) {
  market::NextKey out;
  out.from.value = r.u32();
  out.key = r.array<32>();
  return out;
}

int more_of(const MeteredPoint::Memory& m) {
  return (m.next_key ? has_next_key : 0) | (m.next_account_key ? has_next_account_key : 0) |
         (m.last_slot ? leaves : 0);
}

// What changes of the registry the point waits for, where there are any.
void put_more(ByteWriter& w, const MeteredPoint::Memory& m) {
  if (more_of(m) == 0) return;
  w.u8(static_cast<std::uint8_t>(more_of(m)));
  if (m.next_key) put_next(w, *m.next_key);
  if (m.next_account_key) put_next(w.raw(m.account_key), *m.next_account_key);
  if (m.last_slot) w.u32(m.last_slot->value);
}

void read_more(ByteReader& r, MeteredPoint::Memory& m) {
  const std::uint8_t more = r.u8();
  if (more == 0 || more > (has_next_key | has_next_account_key | leaves)) r.fail();
  if (more & has_next_key) m.next_key = read_next(r);
  if (more & has_next_account_key) m.account_key = r.array<32>();
  if (more & has_next_account_key) m.next_account_key = read_next(r);
  if (more & leaves) m.last_slot = Slot{r.u32()};
}

void put(ByteWriter& w, MeterId meter, const MeteredPoint::Memory& m) {
  const int flags = (m.last ? has_last : 0) | (m.slot_end ? has_slot_end : 0) |
                    (m.slot_quarantined ? quarantined : 0) | (m.usual ? has_usual : 0) |
                    (m.papers ? has_papers : 0) | (m.anchor.tainted ? tainted : 0) |
                    (m.anchor.swapped ? swapped : 0) | (more_of(m) != 0 ? has_more : 0);
  w.u32(meter.value).u8(static_cast<std::uint8_t>(flags)).raw(m.meter_key);
  w.u40(static_cast<std::uint64_t>(m.begin_import.value));
  w.u40(static_cast<std::uint64_t>(m.begin_export.value));
  w.raw(bytes_of_reading(m.last)).raw(bytes_of_reading(m.slot_end));
  const UsualPower usual = m.usual.value_or(UsualPower{});
  w.u32(static_cast<std::uint32_t>(usual.median_w));
  w.u32(static_cast<std::uint32_t>(usual.deviation_w));
  w.i64(m.good_import.value).i64(m.good_export.value);
  w.i64(m.anchor.import_register.value).i64(m.anchor.export_register.value);
  w.u32(m.anchor.since.value);
  w.i64(m.anchor.import_offset.value).i64(m.anchor.export_offset.value);
  w.sized(m.papers ? encode(*m.papers) : Bytes{});
  put_more(w, m);
}

void read_anchor(ByteReader& r, market::Anchor& a) {
  a.import_register.value = r.i64();
  a.export_register.value = r.i64();
  a.since.value = r.u32();
  a.import_offset.value = r.i64();
  a.export_offset.value = r.i64();
}

GatewayRecord::Meter read_meter(ByteReader& r) {
  GatewayRecord::Meter out;
  MeteredPoint::Memory& m = out.memory;
  out.meter.value = r.u32();
  const std::uint8_t flags = r.u8();
  m.meter_key = r.array<32>();
  m.begin_import.value = static_cast<std::int64_t>(r.u40());
  m.begin_export.value = static_cast<std::int64_t>(r.u40());
  const auto last = r.array<reading_size>(), slot_end = r.array<reading_size>();
  if (flags & has_last) m.last = decode_reading(last);
  if (flags & has_slot_end) m.slot_end = decode_reading(slot_end);
  UsualPower usual;
  usual.median_w = static_cast<std::int32_t>(r.u32());
  usual.deviation_w = static_cast<std::int32_t>(r.u32());
  if (flags & has_usual) m.usual = usual;
  m.slot_quarantined = (flags & quarantined) != 0;
  m.good_import.value = r.i64();
  m.good_export.value = r.i64();
  read_anchor(r, m.anchor);
  m.anchor.tainted = (flags & tainted) != 0;
  m.anchor.swapped = (flags & swapped) != 0;
  const BytesView papers = r.sized();
  if (flags & has_papers) {
    const auto swap = market::decode_meter_swap(papers);
    if (!swap) r.fail();
    if (swap) m.papers = *swap;
  }
  if (flags & has_more) read_more(r, m);
  return out;
}

std::vector<GatewayRecord::Message> read_messages(ByteReader& r) {
  std::vector<GatewayRecord::Message> out;
  const std::uint32_t count = r.u32();
  for (std::uint32_t i = 0; i < count && !r.failed(); ++i) {
    GatewayRecord::Message m;
    m.until.epoch = r.u32();
    m.until.slots = r.u32();
    m.bytes = to_bytes(r.sized());
    out.push_back(std::move(m));
  }
  return out;
}

void put_list(ByteWriter& w, const std::vector<Bytes>& list) {
  w.u32(static_cast<std::uint32_t>(list.size()));
  for (const Bytes& b : list) w.sized(b);
}

std::vector<Bytes> read_list(ByteReader& r) {
  std::vector<Bytes> out;
  const std::uint32_t count = r.u32();
  for (std::uint32_t i = 0; i < count && !r.failed(); ++i) out.push_back(to_bytes(r.sized()));
  return out;
}

}  // namespace

Bytes encode(const GatewayRecord& g) {
  ByteWriter w;
  w.raw(g.chain_id).u32(g.gateway.value).u32(g.next_epoch).raw(g.last_entry);
  w.u32(static_cast<std::uint32_t>(g.meters.size()));
  for (const GatewayRecord::Meter& m : g.meters) put(w, m.meter, m.memory);
  w.u32(static_cast<std::uint32_t>(g.messages.size()));
  for (const GatewayRecord::Message& m : g.messages)
    w.u32(m.until.epoch).u32(m.until.slots).sized(m.bytes);
  put_list(w, g.personal_openings);
  const Hash hash = sha256(w.view());
  return w.raw(hash).take();
}

Result<GatewayRecord> decode_gateway_record(BytesView bytes) {
  if (bytes.size() < sizeof(Hash)) return failure("gateway record is cut off");
  const BytesView body = bytes.first(bytes.size() - sizeof(Hash));
  if (!equal(sha256(body), bytes.last(sizeof(Hash)))) return failure("gateway record is damaged");
  ByteReader r(body);
  GatewayRecord g;
  g.chain_id = r.hash();
  g.gateway.value = r.u32();
  g.next_epoch = r.u32();
  g.last_entry = r.hash();
  const std::uint32_t meters = r.u32();
  for (std::uint32_t i = 0; i < meters && !r.failed(); ++i) g.meters.push_back(read_meter(r));
  g.messages = read_messages(r);
  g.personal_openings = read_list(r);
  if (!r.done()) return failure("gateway record of a wrong length");
  if (encode(g) != to_bytes(bytes)) return failure("gateway record is not in its canonical form");
  return g;
}

}  // namespace twin
