#include "twin/node/base/messages.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"

namespace twin {

using namespace ledger;

namespace {

constexpr std::uint16_t max_openings = 4096;

}  // namespace

std::optional<MessageKind> kind_of(BytesView message) {
  if (message.empty()) return std::nullopt;
  return static_cast<MessageKind>(message[0]);
}

Bytes frame(MessageKind kind, BytesView body) {
  return ByteWriter(1 + body.size()).u8(static_cast<std::uint8_t>(kind)).raw(body).take();
}

Bytes encode(const MeterMinute& m) {
  ByteWriter w;
  w.u32(m.meter.value).u32(m.first_sequence).u16(static_cast<std::uint16_t>(m.readings.size()));
  for (const ReadingBytes& r : m.readings) w.raw(r);
  w.raw(m.signature).u16(static_cast<std::uint16_t>(m.each.size()));
  for (const Signature& s : m.each) w.raw(s);
  return frame(MessageKind::minute, w.view());
}

Result<MeterMinute> decode_minute(BytesView body) {
  ByteReader r(body);
  MeterMinute m;
  m.meter.value = r.u32();
  m.first_sequence = r.u32();
  const std::uint16_t count = r.u16();
  if (count == 0 || count > max_readings) return failure("a minute holds 1 to 3,600 readings");
  if (m.first_sequence == 0 || m.first_sequence > UINT32_MAX - count + 1)
    return failure("a minute's sequences run from 1 to 4,294,967,295");
  for (int i = 0; i < count && !r.failed(); ++i) m.readings.push_back(r.array<reading_size>());
  m.signature = r.array<64>();
  const std::uint16_t each = r.u16();
  if (each != 0 && each != count) return failure("a minute has all of its readings signed or none");
  for (int i = 0; i < each && !r.failed(); ++i) m.each.push_back(r.array<64>());
  if (!r.done()) return failure("meter minute of a wrong length");
  if (each != 0 && m.signature != Signature{})
    return failure("a minute is signed as a whole or reading by reading");
  return m;
}

Bytes encode(const CheckpointCosignature& c) {
  ByteWriter w;
  w.u64(c.height).u64(c.log_size).u64(c.timestamp).raw(c.signature);
  return frame(MessageKind::cosignature, w.view());
}

Result<CheckpointCosignature> decode_cosignature(BytesView body) {
  ByteReader r(body);
  CheckpointCosignature c;
  c.height = r.u64();
  c.log_size = r.u64();
  c.timestamp = r.u64();
  c.signature = r.array<64>();
  if (!r.done()) return failure("cosignature of a wrong length");
  return c;
}

Bytes encode(const FleetForecast& f) {
  ByteWriter w;
  w.u32(f.first_slot.value).u16(f.slots).u16(static_cast<std::uint16_t>(f.openings.size()));
  for (const Opening& o : f.openings) w.raw(o.salt).sized(o.data);
  return frame(MessageKind::forecast, w.view());
}

Result<FleetForecast> decode_fleet_forecast(BytesView body) {
  ByteReader r(body);
  FleetForecast f;
  f.first_slot.value = r.u32();
  f.slots = r.u16();
  const std::uint16_t count = r.u16();
  if (count > max_openings) return failure("too many forecasts in one message");
  for (int i = 0; i < count && !r.failed(); ++i) {
    Opening o;
    o.salt = r.array<32>();
    o.data = to_bytes(r.sized());
    f.openings.push_back(std::move(o));
  }
  if (!r.done()) return failure("forecast of a wrong length");
  return f;
}

KeyTag tag_of(const PublicKey& meter_key) {
  KeyTag out;
  std::copy_n(meter_key.begin(), out.size(), out.begin());
  return out;
}

Bytes encode(const std::vector<MeterReceived>& all) {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(all.size()));
  for (const MeterReceived& m : all) w.u32(m.meter.value).raw(m.key).u32(m.sequence);
  return frame(MessageKind::received, w.view());
}

Result<std::vector<MeterReceived>> decode_received(BytesView body) {
  ByteReader r(body);
  std::vector<MeterReceived> out;
  const std::uint16_t count = r.u16();
  for (int i = 0; i < count && !r.failed(); ++i) {
    MeterReceived m;
    m.meter.value = r.u32();
    m.key = r.array<8>();
    m.sequence = r.u32();
    out.push_back(m);
  }
  if (!r.done()) return failure("received of a wrong length");
  return out;
}

Bytes encode(const LedgerProgress& p) {
  return frame(MessageKind::progress, ByteWriter().u32(p.epoch).u32(p.slots).view());
}

Result<LedgerProgress> decode_progress(BytesView body) {
  ByteReader r(body);
  LedgerProgress p;
  p.epoch = r.u32();
  p.slots = r.u32();
  if (!r.done()) return failure("progress of a wrong length");
  return p;
}

Bytes encode(const BatchesOnLedger& all) {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(all.size()));
  for (const auto& [gateway, epoch] : all) w.u32(gateway).u32(epoch);
  return frame(MessageKind::batches, w.view());
}

Result<BatchesOnLedger> decode_batches_on_ledger(BytesView body) {
  ByteReader r(body);
  BatchesOnLedger out;
  const std::uint16_t count = r.u16();
  for (int i = 0; i < count && !r.failed(); ++i) {
    const std::uint32_t gateway = r.u32(), epoch = r.u32();
    if (!out.empty() && out.rbegin()->first >= gateway)
      return failure("batches on the ledger are not by rising gateway");
    out.emplace_hint(out.end(), gateway, epoch);
  }
  if (!r.done()) return failure("batches on the ledger of a wrong length");
  return out;
}

Bytes encode(const ErasedAccounts& all) {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(all.size()));
  for (const AccountId& account : all) w.raw(account.bytes);
  return frame(MessageKind::erased, w.view());
}

Result<ErasedAccounts> decode_erased(BytesView body) {
  ByteReader r(body);
  ErasedAccounts out;
  const std::uint16_t count = r.u16();
  if (count == 0) return failure("erased accounts are one at least");
  for (int i = 0; i < count && !r.failed(); ++i) {
    const AccountId account{r.array<16>()};
    if (!out.empty() && account <= *out.rbegin())
      return failure("erased accounts are not in rising order");
    out.insert(out.end(), account);
  }
  if (!r.done()) return failure("erased accounts of a wrong length");
  return out;
}

Bytes encode(const ContractsOnLedger& all) {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(all.size()));
  for (const auto& [place, number] : all)
    w.u32(place.first.value).u8(static_cast<std::uint8_t>(place.second)).u32(number);
  return frame(MessageKind::contracts, w.view());
}

Result<ContractsOnLedger> decode_contracts_on_ledger(BytesView body) {
  ByteReader r(body);
  ContractsOnLedger out;
  const std::uint16_t count = r.u16();
  if (count == 0) return failure("contracts on the ledger are one at least");
  for (int i = 0; i < count && !r.failed(); ++i) {
    const MeterId meter{r.u32()};
    const std::uint8_t of = r.u8();
    if (of < 1 || of > market::templates) return failure("contract on the ledger of no template");
    const std::pair place{meter, static_cast<market::Template>(of)};
    if (!out.empty() && place <= out.rbegin()->first)
      return failure("contracts on the ledger are not by rising meter and template");
    out.emplace_hint(out.end(), place, r.u32());
  }
  if (!r.done()) return failure("contracts on the ledger of a wrong length");
  return out;
}

Result<Hash> decode_paper_leaf(BytesView body) {
  ByteReader r(body);
  const Hash leaf = r.array<32>();
  if (!r.done()) return failure("a paper's leaf has 32 bytes");
  return leaf;
}

}  // namespace twin
