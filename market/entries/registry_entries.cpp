#include "market/entries/registry_entries.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/oracle/batch.hpp"

namespace market {
namespace {

constexpr std::uint8_t version = 1;

void put_owner(ByteWriter& w, const AccountId& account, MeterId meter) {
  w.raw(account.bytes).u8(version).u32(meter.value);
}

void take_owner(ByteReader& r, AccountId& account, MeterId& meter) {
  account.bytes = r.array<16>();
  if (r.u8() != version) r.fail();
  meter.value = r.u32();
}

bool take_flag(ByteReader& r) {
  const std::uint8_t flag = r.u8();
  if (flag > 1) r.fail();
  return flag == 1;
}

KeyOf take_of(ByteReader& r, KeyOf most) {
  const std::uint8_t of = r.u8();
  if (of > static_cast<std::uint8_t>(most)) r.fail();
  return static_cast<KeyOf>(of);
}

template <class T>
Result<T> finish(const ByteReader& r, const T& value, bool allowed, const char* what) {
  if (!r.done() || !allowed) return failure(std::string(what) + " is not in its canonical form");
  return value;
}

}  // namespace

Bytes encode(const KeyChangeBody& v) {
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(v.of)).u32(v.gateway.value).u32(v.slot.value);
  w.u8(v.lost ? 1 : 0).raw(v.next_key).raw(v.old_signature);
  return w.raw(v.signature).take();
}

Result<KeyChangeBody> decode_key_change_body(BytesView body) {
  ByteReader r(body);
  KeyChangeBody v;
  v.of = take_of(r, KeyOf::gateway);
  v.gateway.value = r.u32();
  v.slot.value = r.u32();
  v.lost = take_flag(r);
  v.next_key = r.array<32>();
  v.old_signature = r.array<64>();
  v.signature = r.array<64>();
  const bool none = v.next_key == PublicKey{} && v.old_signature == Signature{};
  const bool unsigned_ = v.old_signature == Signature{};
  return finish(r, v, v.of == KeyOf::gateway ? !v.lost || unsigned_ : none, "key change");
}

Bytes encode(const KeyChange& v) {
  ByteWriter w;
  put_owner(w, v.account, v.meter);
  w.u8(static_cast<std::uint8_t>(v.of)).u32(v.slot.value);
  return w.raw(v.next_key).raw(v.old_signature).take();
}

Result<KeyChange> decode_key_change(BytesView opening) {
  ByteReader r(opening);
  KeyChange v;
  take_owner(r, v.account, v.meter);
  v.of = take_of(r, KeyOf::account);
  v.slot.value = r.u32();
  v.next_key = r.array<32>();
  v.old_signature = r.array<64>();
  return finish(r, v, true, "key change");
}

Bytes encode(const DeregistrationBody& v) {
  return ByteWriter().u32(v.gateway.value).raw(v.signature).take();
}

Result<DeregistrationBody> decode_deregistration_body(BytesView body) {
  ByteReader r(body);
  DeregistrationBody v;
  v.gateway.value = r.u32();
  v.signature = r.array<64>();
  return finish(r, v, true, "deregistration");
}

Bytes encode(const Deregistration& v) {
  ByteWriter w;
  put_owner(w, v.account, v.meter);
  return w.u32(v.last.value).raw(v.signature).take();
}

Result<Deregistration> decode_deregistration(BytesView opening) {
  ByteReader r(opening);
  Deregistration v;
  take_owner(r, v.account, v.meter);
  v.last.value = r.u32();
  v.signature = r.array<64>();
  return finish(r, v, v.last.value < UINT32_MAX, "deregistration");
}

Bytes encode(const GatewayBody& v) {
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(v.action)).u32(v.gateway.value).raw(v.key);
  return w.u32(v.first.value).u32(v.end.value).raw(v.signature).take();
}

Result<GatewayBody> decode_gateway_body(BytesView body) {
  ByteReader r(body);
  GatewayBody v;
  const bool withdrawn = take_flag(r);
  v.action = withdrawn ? GatewayBody::Action::withdrawn : GatewayBody::Action::registered;
  v.gateway.value = r.u32();
  v.key = r.array<32>();
  v.first.value = r.u32();
  v.end.value = r.u32();
  v.signature = r.array<64>();
  const bool no_key = v.key == PublicKey{};
  return finish(r, v, withdrawn ? no_key && v.first == Slot{} : !no_key && v.first < v.end,
                "gateway's entry");
}

Bytes encode(const CertificateBody& v) { return ByteWriter().u32(v.count).raw(v.signature).take(); }

Result<CertificateBody> decode_certificate_body(BytesView body) {
  ByteReader r(body);
  CertificateBody v;
  v.count = r.u32();
  v.signature = r.array<64>();
  return finish(r, v, true, "certificates' entry");
}

Bytes encode(const MeterCertificate& v) {
  ByteWriter w;
  put_owner(w, v.account, v.meter);
  return w.raw(v.meter_key).raw(v.hash).u32(v.first.value).u32(v.end.value).take();
}

Result<MeterCertificate> decode_meter_certificate(BytesView opening) {
  ByteReader r(opening);
  MeterCertificate v;
  take_owner(r, v.account, v.meter);
  v.meter_key = r.array<32>();
  v.hash = r.hash();
  v.first.value = r.u32();
  v.end.value = r.u32();
  return finish(r, v, v.first < v.end, "certificate");
}

Opening opening_of(const SubjectKey& restricted_key, const KeyChange& v) {
  const Bytes whose = ByteWriter().u8(static_cast<std::uint8_t>(v.of)).take();
  return {derive_salt(restricted_key, SaltLabel::key_change, v.meter.value, v.slot.value, whose),
          encode(v)};
}

Opening opening_of(const SubjectKey& restricted_key, const Deregistration& v) {
  return {derive_salt(restricted_key, SaltLabel::leaving, v.meter.value, v.last.value), encode(v)};
}

Opening opening_of(const SubjectKey& restricted_key, const MeterCertificate& v) {
  return {derive_salt(restricted_key, SaltLabel::certificate, v.meter.value, v.first.value, v.hash),
          encode(v)};
}

Bytes key_signed_bytes(const Hash& chain_id, KeyOf of, std::uint32_t id, const NextKey& next) {
  ByteWriter w;
  w.raw(bytes_of("aipchain key 1")).raw(chain_id).u8(static_cast<std::uint8_t>(of)).u32(id);
  return w.u32(next.from.value).raw(next.key).take();
}

Bytes leaving_signed_bytes(const Hash& chain_id, BytesView opening) {
  ByteWriter w;
  w.raw(bytes_of("aipchain leave 1")).raw(chain_id);
  return w.raw(opening.first(opening.size() - std::min(opening.size(), sizeof(Signature)))).take();
}

namespace {

template <class Body>
Transaction signed_transaction(TransactionKind kind, const Body& body,
                               std::vector<Opening> openings, const Hash& chain_id,
                               Signer& signer) {
  Transaction tx;
  tx.kind = kind;
  tx.openings = std::move(openings);
  tx.root = openings_root(tx.openings);
  tx.body = encode(body);
  sign_entry(tx, chain_id, signer);
  return tx;
}

}  // namespace

Transaction key_change_of(const Hash& chain_id, GatewayId gateway, KeyChange change,
                          const SubjectKey& restricted_key, Signer* old_key, Signer& role) {
  if (old_key)
    change.old_signature =
        old_key->sign(key_signed_bytes(chain_id, change.of, change.meter.value, change.next()));
  const KeyChangeBody body{change.of, gateway, change.slot, old_key == nullptr, {}, {}, {}};
  return signed_transaction(TransactionKind::key_change, body, {opening_of(restricted_key, change)},
                            chain_id, role);
}

Transaction gateway_key_change_of(const Hash& chain_id, GatewayId gateway, const NextKey& next,
                                  Signer* old_key, Signer& administrator) {
  KeyChangeBody body{KeyOf::gateway, gateway, next.from, old_key == nullptr, next.key, {}, {}};
  if (old_key)
    body.old_signature =
        old_key->sign(key_signed_bytes(chain_id, KeyOf::gateway, gateway.value, next));
  return signed_transaction(TransactionKind::key_change, body, {}, chain_id, administrator);
}

Transaction deregistration_of(const Hash& chain_id, GatewayId gateway, Deregistration leaving,
                              const SubjectKey& restricted_key, Signer& account,
                              Signer& registrar) {
  leaving.signature = account.sign(leaving_signed_bytes(chain_id, encode(leaving)));
  return signed_transaction(TransactionKind::deregistration, DeregistrationBody{gateway, {}},
                            {opening_of(restricted_key, leaving)}, chain_id, registrar);
}

Transaction gateway_of(const Hash& chain_id, const GatewayBody& body, Signer& administrator) {
  return signed_transaction(TransactionKind::gateway, body, {}, chain_id, administrator);
}

Transaction certificates_of(const Hash& chain_id, std::vector<Opening> certificates,
                            Signer& certifier) {
  const CertificateBody body{static_cast<std::uint32_t>(certificates.size()), {}};
  return signed_transaction(TransactionKind::certificate, body, std::move(certificates), chain_id,
                            certifier);
}

}  // namespace market
