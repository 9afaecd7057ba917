#include "market/entries/entries.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/oracle/public_sum.hpp"

namespace market {
namespace {

constexpr std::uint8_t opening_version = 1, preferring_version = 2;
constexpr std::int64_t hidden_total = INT64_MIN;
constexpr std::uint16_t max_forecast_slots = 1440;  // a day of the shortest slots, a minute each

void put_register(ByteWriter& w, MilliWattHours v) { w.u40(static_cast<std::uint64_t>(v.value)); }

MilliWattHours take_register(ByteReader& r) { return {static_cast<std::int64_t>(r.u40())}; }

bool is_whole(MilliWattHours v) { return v.value % 1000 == 0; }

// A value that is not allowed makes the reader fail, so that one check at the end is enough.
template <class T>
T checked(ByteReader& r, T value, bool allowed) {
  if (!allowed) r.fail();
  return value;
}

// What every opening begins with.
void put_owner(ByteWriter& w, const AccountId& account, MeterId meter) {
  w.raw(account.bytes).u8(opening_version).u32(meter.value);
}

void take_owner(ByteReader& r, AccountId& account, MeterId& meter) {
  account.bytes = r.array<16>();
  if (r.u8() != opening_version) r.fail();
  meter.value = r.u32();
}

template <class T>
Result<T> finish(const ByteReader& r, T&& value, const char* what) {
  if (!r.done()) return failure(std::string(what) + " is not in its canonical form");
  return std::forward<T>(value);
}

}  // namespace

Bytes encode(const Registration& v) {
  ByteWriter w;
  put_owner(w, v.account, v.meter);
  w.u32(v.gateway.value).u32(v.feeder).u8(static_cast<std::uint8_t>(v.kind));
  w.raw(v.meter_key).raw(v.account_key).u32(v.max_power_w);
  put_register(w, v.import_register);
  put_register(w, v.export_register);
  put_register(w, v.modulus);
  w.u32(v.generation_w).u32(v.storage_w);
  w.i64(v.deposit.value).u32(v.first_slot.value).u32(v.end_slot.value);
  return w.take();
}

Result<Registration> decode_registration(BytesView opening) {
  ByteReader r(opening);
  Registration v;
  take_owner(r, v.account, v.meter);
  v.gateway.value = r.u32();
  v.feeder = r.u32();
  const std::uint8_t kind = r.u8();
  v.kind = static_cast<MeterKind>(checked(r, kind, kind <= 1));
  v.meter_key = r.array<32>();
  v.account_key = r.array<32>();
  v.max_power_w = r.u32();
  v.import_register = take_register(r);
  v.export_register = take_register(r);
  v.modulus = take_register(r);
  v.generation_w = r.u32();
  v.storage_w = r.u32();
  v.deposit.value = r.i64();
  v.first_slot.value = r.u32();
  v.end_slot.value = r.u32();
  checked(r, 0, v.deposit.value >= 0 && v.max_power_w <= max_meter_power_w);
  checked(r, 0, v.generation_w <= max_meter_power_w && v.storage_w <= max_meter_power_w);
  checked(r, 0, is_whole(v.modulus));
  if (v.modulus.value > 0)
    checked(r, 0, v.import_register < v.modulus && v.export_register < v.modulus);
  checked(r, 0, v.first_slot < v.end_slot);
  return finish(r, std::move(v), "registration");
}

MeterLimits limits_of(const Registration& r, const Genesis& genesis, const Nights& nights) {
  MeterLimits limits;
  limits.max_power_w = static_cast<std::int32_t>(r.max_power_w);
  limits.interval_ms = genesis.metering_ms;
  limits.modulus = r.modulus;
  if (r.kind == MeterKind::feeder) return limits;
  limits.max_export_w = allowed_export_w(std::int64_t{r.generation_w} + r.storage_w);
  limits.max_night_export_w = allowed_export_w(r.storage_w);
  limits.nights = &nights;
  return limits;
}

Bytes encode(const SealingKey& v) {
  ByteWriter w;
  put_owner(w, v.account, v.meter);
  return w.raw(v.key).take();
}

Result<SealingKey> decode_sealing_key(BytesView opening) {
  ByteReader r(opening);
  SealingKey v;
  take_owner(r, v.account, v.meter);
  v.key = r.array<32>();
  return finish(r, std::move(v), "sealing key");
}

void add_openings(std::vector<Opening>& openings, const Registered& meter) {
  const Registration& r = meter.registration;
  const SubjectKey& key = meter.restricted_key;
  const auto salt = [&](SaltLabel label) {
    return derive_salt(key, label, r.meter.value, r.first_slot.value);
  };
  openings.push_back({salt(SaltLabel::registration), encode(r)});
  openings.push_back({salt(SaltLabel::sealing_key), encode(SealingKey{r.account, r.meter, key})});
}

Result<std::vector<Registered>> decode_registrations(std::span<const Opening> openings) {
  if (openings.size() % 2 != 0) return failure("registration without its sealing key");
  std::vector<Registered> out;
  for (std::size_t i = 0; i < openings.size(); i += 2) {
    const auto r = decode_registration(openings[i].data);
    if (!r) return failure(r.error());
    const auto key = decode_sealing_key(openings[i + 1].data);
    if (!key) return failure(key.error());
    if (key->account != r->account || key->meter != r->meter)
      return failure("registration and sealing key are of different meters");
    out.push_back({*r, key->key});
  }
  return out;
}

Bytes encode(const MeterSwap& v) {
  ByteWriter w;
  put_owner(w, v.account, v.meter);
  w.u32(v.slot.value);
  for (const MilliWattHours m :
       {v.closing_import, v.closing_export, v.opening_import, v.opening_export})
    put_register(w, m);
  return w.raw(v.meter_key).raw(v.signature).take();
}

Result<MeterSwap> decode_meter_swap(BytesView opening) {
  ByteReader r(opening);
  MeterSwap v;
  take_owner(r, v.account, v.meter);
  v.slot.value = r.u32();
  for (MilliWattHours* m :
       {&v.closing_import, &v.closing_export, &v.opening_import, &v.opening_export}) {
    *m = take_register(r);
    checked(r, 0, is_whole(*m));
  }
  v.meter_key = r.array<32>();
  v.signature = r.array<64>();
  return finish(r, std::move(v), "meter swap");
}

Opening opening_of(const SubjectKey& restricted_key, const MeterSwap& swap) {
  return {derive_salt(restricted_key, SaltLabel::meter_swap, swap.meter.value, swap.slot.value),
          encode(swap)};
}

Opening opening_of(const SubjectKey& restricted_key, const Mark& mark) {
  return {derive_salt(restricted_key, SaltLabel::mark, mark.meter.value, mark.slot.value),
          encode(mark)};
}

Bytes encode(const Mark& v) {
  ByteWriter w;
  put_owner(w, v.account, v.meter);
  w.u32(v.slot.value);
  put_register(w, v.import_register);
  put_register(w, v.export_register);
  // Quarantined energy is kept: nothing fills it yet.
  return w.u8(v.quarantined ? 1 : 0).u8(v.swapped ? 1 : 0).u40(0).u40(0).take();
}

Result<Mark> decode_mark(BytesView opening) {
  ByteReader r(opening);
  Mark v;
  take_owner(r, v.account, v.meter);
  v.slot.value = r.u32();
  v.import_register = take_register(r);
  v.export_register = take_register(r);
  const std::uint8_t quarantine = r.u8();
  v.quarantined = checked(r, quarantine, quarantine <= 1) == 1;
  const std::uint8_t swapped = r.u8();
  v.swapped = checked(r, swapped, swapped <= 1) == 1;
  const std::uint64_t import_kept = r.u40(), export_kept = r.u40();
  checked(r, 0, import_kept == 0 && export_kept == 0);
  return finish(r, std::move(v), "mark");
}

Bytes encode(const SignedOrder& v) {
  const Order& o = v.order;
  const bool prefers = o.partner || o.green;
  ByteWriter w;
  w.raw(o.account.bytes).u8(prefers ? preferring_version : opening_version).u32(v.meter.value);
  w.u32(o.slot.value);
  w.u8(o.side == Side::sell ? 1 : 0).i64(o.energy.value).i64(o.limit.value).raw(o.id.bytes);
  if (prefers) w.raw(o.partner.value_or(AccountId{}).bytes).u8(o.green ? 1 : 0);
  return w.raw(v.signature).take();
}

namespace {

void take_preferences(ByteReader& r, Order& o) {
  const AccountId partner{r.array<16>()};
  if (partner != AccountId{}) o.partner = partner;
  const std::uint8_t green = r.u8();
  o.green = checked(r, green, green <= 1) == 1;
  checked(r, 0, o.partner || o.green);
}

}  // namespace

Result<SignedOrder> decode_order(BytesView opening) {
  ByteReader r(opening);
  SignedOrder v;
  v.order.account.bytes = r.array<16>();
  const std::uint8_t version = r.u8();
  checked(r, 0, version == opening_version || version == preferring_version);
  v.meter.value = r.u32();
  v.order.slot.value = r.u32();
  const std::uint8_t side = r.u8();
  v.order.side = checked(r, side, side <= 1) == 1 ? Side::sell : Side::buy;
  v.order.energy.value = r.i64();
  v.order.limit.value = r.i64();
  v.order.id.bytes = r.array<16>();
  if (version == preferring_version) take_preferences(r, v.order);
  v.signature = r.array<64>();
  return finish(r, std::move(v), "order");
}

Bytes encode(const Forecast& v) {
  invariant(v.net_wh.size() <= max_forecast_slots, "a forecast spans a day at most");
  ByteWriter w;
  put_owner(w, v.account, v.meter);
  w.u32(v.first_slot.value);
  w.u16(static_cast<std::uint16_t>(v.net_wh.size()));
  for (const std::int32_t wh : v.net_wh) w.u32(static_cast<std::uint32_t>(wh));
  return w.take();
}

Result<Forecast> decode_forecast(BytesView opening) {
  ByteReader r(opening);
  Forecast v;
  take_owner(r, v.account, v.meter);
  v.first_slot.value = r.u32();
  const std::uint16_t slots = r.u16();
  checked(r, 0, slots <= max_forecast_slots);
  for (int i = 0; i < slots && !r.failed(); ++i)
    v.net_wh.push_back(static_cast<std::int32_t>(r.u32()));
  return finish(r, std::move(v), "forecast");
}

Bytes encode(const RegistrationBody& v) {
  return ByteWriter().u32(v.gateway.value).u32(v.meters).raw(v.signature).take();
}

Result<RegistrationBody> decode_registration_body(BytesView body) {
  ByteReader r(body);
  RegistrationBody v;
  v.gateway.value = r.u32();
  v.meters = r.u32();
  v.signature = r.array<64>();
  return finish(r, std::move(v), "registration");
}

Bytes encode(const MeterSwapBody& v) {
  return ByteWriter().u32(v.gateway.value).u32(v.count).raw(v.signature).take();
}

Result<MeterSwapBody> decode_meter_swap_body(BytesView body) {
  ByteReader r(body);
  MeterSwapBody v;
  v.gateway.value = r.u32();
  v.count = r.u32();
  v.signature = r.array<64>();
  return finish(r, std::move(v), "meter swap");
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
  w.u32(v.gateway.value).u32(v.first_slot.value).u16(v.slots);
  w.i64(v.total ? v.total->value : hidden_total);
  return w.raw(v.signature).take();
}

Result<ForecastBody> decode_forecast_body(BytesView body) {
  ByteReader r(body);
  ForecastBody v;
  v.gateway.value = r.u32();
  v.first_slot.value = r.u32();
  v.slots = r.u16();
  if (const std::int64_t total = r.i64(); total != hidden_total) v.total = WattHours{total};
  v.signature = r.array<64>();
  return finish(r, std::move(v), "forecast");
}

std::optional<WattHours> public_total(std::span<const Forecast> homes, std::size_t gateways) {
  std::vector<std::int64_t> totals;
  WattHours sum;
  for (const Forecast& f : homes) {
    WattHours own;
    for (const std::int32_t wh : f.net_wh) own += WattHours{wh};
    totals.push_back(own.value);
    sum += own;
  }
  return gateways == 1 && may_be_public(totals) ? std::optional(sum) : std::nullopt;
}

Salt order_salt(const SubjectKey& restricted_key, const SignedOrder& order) {
  return derive_salt(restricted_key, SaltLabel::order, order.meter.value, order.order.slot.value,
                     order.order.id.bytes);
}

namespace {

Bytes opening_signed_bytes(std::string_view label, const Hash& chain_id, BytesView opening) {
  invariant(opening.size() >= sizeof(Signature), "a signed opening ends in its signature");
  ByteWriter w;
  w.raw(bytes_of(label)).raw(chain_id);
  return w.raw(opening.first(opening.size() - sizeof(Signature))).take();
}

}  // namespace

Bytes order_signed_bytes(const Hash& chain_id, BytesView opening) {
  return opening_signed_bytes("aipchain order 1", chain_id, opening);
}

Bytes swap_signed_bytes(const Hash& chain_id, BytesView opening) {
  return opening_signed_bytes("aipchain swap 1", chain_id, opening);
}

}  // namespace market
