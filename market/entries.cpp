#include "market/entries.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"

namespace market {
namespace {

constexpr std::uint16_t max_forecast_slots = 1440;  // a day of the shortest slots, a minute each

void put_register(ByteWriter& w, MilliWattHours v) { w.u40(static_cast<std::uint64_t>(v.value)); }

MilliWattHours take_register(ByteReader& r) { return {static_cast<std::int64_t>(r.u40())}; }

// A value that is not allowed makes the reader fail, so that one check at the end is enough.
template <class T>
T checked(ByteReader& r, T value, bool allowed) {
  if (!allowed) r.fail();
  return value;
}

template <class T>
Result<T> finish(const ByteReader& r, T&& value, const char* what) {
  if (!r.done()) return failure(std::string(what) + " is not in its canonical form");
  return std::forward<T>(value);
}

}  // namespace

Bytes encode(const Registration& v) {
  ByteWriter w;
  w.raw(v.account.bytes).u32(v.meter.value).u32(v.gateway.value);
  w.u8(static_cast<std::uint8_t>(v.kind)).raw(v.meter_key).raw(v.account_key);
  w.raw(v.restricted_key).u32(v.max_power_w);
  put_register(w, v.import_register);
  put_register(w, v.export_register);
  return w.i64(v.deposit.value).take();
}

Result<Registration> decode_registration(BytesView opening) {
  ByteReader r(opening);
  Registration v;
  v.account.bytes = r.array<16>();
  v.meter.value = r.u32();
  v.gateway.value = r.u32();
  const std::uint8_t kind = r.u8();
  v.kind = static_cast<MeterKind>(checked(r, kind, kind <= 1));
  v.meter_key = r.array<32>();
  v.account_key = r.array<32>();
  v.restricted_key = r.array<32>();
  v.max_power_w = r.u32();
  v.import_register = take_register(r);
  v.export_register = take_register(r);
  v.deposit.value = r.i64();
  checked(r, 0, v.deposit.value >= 0);
  return finish(r, std::move(v), "registration");
}

Bytes encode(const Mark& v) {
  ByteWriter w;
  w.raw(v.account.bytes).u32(v.meter.value).u32(v.slot.value);
  put_register(w, v.import_register);
  put_register(w, v.export_register);
  return w.u8(v.quarantined ? 1 : 0).take();
}

Result<Mark> decode_mark(BytesView opening) {
  ByteReader r(opening);
  Mark v;
  v.account.bytes = r.array<16>();
  v.meter.value = r.u32();
  v.slot.value = r.u32();
  v.import_register = take_register(r);
  v.export_register = take_register(r);
  const std::uint8_t flags = r.u8();
  v.quarantined = checked(r, flags, flags <= 1) == 1;
  return finish(r, std::move(v), "mark");
}

Bytes encode(const SignedOrder& v) {
  ByteWriter w;
  w.raw(v.order.account.bytes).u32(v.meter.value).u32(v.order.slot.value);
  w.u8(v.order.side == Side::sell ? 1 : 0).i64(v.order.energy.value).i64(v.order.limit.value);
  return w.raw(v.order.id.bytes).raw(v.signature).take();
}

Result<SignedOrder> decode_order(BytesView opening) {
  ByteReader r(opening);
  SignedOrder v;
  v.order.account.bytes = r.array<16>();
  v.meter.value = r.u32();
  v.order.slot.value = r.u32();
  const std::uint8_t side = r.u8();
  v.order.side = checked(r, side, side <= 1) == 1 ? Side::sell : Side::buy;
  v.order.energy.value = r.i64();
  v.order.limit.value = r.i64();
  v.order.id.bytes = r.array<16>();
  v.signature = r.array<64>();
  return finish(r, std::move(v), "order");
}

Bytes encode(const Forecast& v) {
  invariant(v.net_wh.size() <= max_forecast_slots, "a forecast spans a day at most");
  ByteWriter w;
  w.raw(v.account.bytes).u32(v.meter.value).u32(v.first_slot.value);
  w.u16(static_cast<std::uint16_t>(v.net_wh.size()));
  for (const std::int32_t wh : v.net_wh) w.u32(static_cast<std::uint32_t>(wh));
  return w.take();
}

Result<Forecast> decode_forecast(BytesView opening) {
  ByteReader r(opening);
  Forecast v;
  v.account.bytes = r.array<16>();
  v.meter.value = r.u32();
  v.first_slot.value = r.u32();
  const std::uint16_t slots = r.u16();
  checked(r, 0, slots <= max_forecast_slots);
  for (int i = 0; i < slots && !r.failed(); ++i)
    v.net_wh.push_back(static_cast<std::int32_t>(r.u32()));
  return finish(r, std::move(v), "forecast");
}

Bytes encode(const RegistrationBody& v) {
  return ByteWriter().u32(v.gateway.value).raw(v.signature).take();
}

Result<RegistrationBody> decode_registration_body(BytesView body) {
  ByteReader r(body);
  RegistrationBody v;
  v.gateway.value = r.u32();
  v.signature = r.array<64>();
  return finish(r, std::move(v), "registration");
}

Bytes encode(const MarksBody& v) {
  ByteWriter w;
  w.u32(v.gateway.value).u32(v.slot.value).u32(v.count);
  return w.raw(v.signature).take();
}

Result<MarksBody> decode_marks_body(BytesView body) {
  ByteReader r(body);
  MarksBody v;
  v.gateway.value = r.u32();
  v.slot.value = r.u32();
  v.count = r.u32();
  v.signature = r.array<64>();
  return finish(r, std::move(v), "marks");
}

Bytes encode(const OrderBody& v) { return ByteWriter().u32(v.slot.value).take(); }

Result<OrderBody> decode_order_body(BytesView body) {
  ByteReader r(body);
  OrderBody v;
  v.slot.value = r.u32();
  return finish(r, std::move(v), "order");
}

Bytes encode(const ForecastBody& v) {
  ByteWriter w;
  w.u32(v.gateway.value).u32(v.first_slot.value).u16(v.slots).i64(v.total.value);
  return w.raw(v.signature).take();
}

Result<ForecastBody> decode_forecast_body(BytesView body) {
  ByteReader r(body);
  ForecastBody v;
  v.gateway.value = r.u32();
  v.first_slot.value = r.u32();
  v.slots = r.u16();
  v.total.value = r.i64();
  v.signature = r.array<64>();
  return finish(r, std::move(v), "forecast");
}

Bytes order_signed_bytes(const Hash& chain_id, BytesView opening) {
  invariant(opening.size() >= sizeof(Signature), "a signed opening ends in its signature");
  ByteWriter w;
  w.raw(bytes_of("aipchain order 1")).raw(chain_id);
  return w.raw(opening.first(opening.size() - sizeof(Signature))).take();
}

}  // namespace market
