#include "market/entries/account_entries.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "market/entries/entries.hpp"

namespace market {
namespace {

constexpr std::uint8_t account_entry_version = 1;

template <class Entry>
ByteWriter begun(const Entry& v) {
  ByteWriter w;
  w.raw(v.account.bytes).u8(account_entry_version).u32(v.meter.value).u32(v.slot.value);
  return w;
}

template <class Entry>
bool begin(ByteReader& r, Entry& v) {
  v.account.bytes = r.array<16>();
  const bool known = r.u8() == account_entry_version;
  v.meter.value = r.u32();
  v.slot.value = r.u32();
  return known;
}

bool is_quantity(WattHours quantity) {
  return 0 < quantity.value && quantity.value <= max_token_quantity;
}

template <class Entry>
Transaction signed_transaction_of(TransactionKind kind, SaltLabel label, const Hash& chain_id,
                                  Entry& v, const SubjectKey& restricted_key, Signer& account) {
  v.signature = account.sign(account_signed_bytes(kind, chain_id, encode(v)));
  Transaction tx;
  tx.kind = kind;
  const Salt salt = derive_salt(restricted_key, label, v.meter.value, v.slot.value, v.id.bytes);
  tx.openings.push_back({salt, encode(v)});
  tx.root = openings_root(tx.openings);
  tx.body = encode(OrderBody{v.slot});
  return tx;
}

}  // namespace

TransferNotice notice_of(const Transfer& v) {
  return {v.to, v.slot, v.vintage, v.quantity, v.account, v.id};
}

Bytes encode(const Cancellation& v) { return begun(v).raw(v.id.bytes).raw(v.signature).take(); }

Bytes encode(const Transfer& v) {
  ByteWriter w = begun(v);
  w.u32(v.vintage.value).i64(v.quantity.value).raw(v.to.bytes).raw(v.id.bytes);
  return w.raw(v.signature).take();
}

Bytes encode(const TransferNotice& v) {
  ByteWriter w;
  w.raw(v.account.bytes).u8(account_entry_version).u32(v.slot.value).u32(v.vintage.value);
  return w.i64(v.quantity.value).raw(v.from.bytes).raw(v.id.bytes).take();
}

Bytes encode(const Retirement& v) {
  ByteWriter w = begun(v);
  w.u32(v.vintage.value).i64(v.quantity.value).u8(static_cast<std::uint8_t>(v.claim));
  return w.raw(v.id.bytes).raw(v.signature).take();
}

Result<Cancellation> decode_cancellation(BytesView opening) {
  ByteReader r(opening);
  Cancellation v;
  const bool known = begin(r, v);
  v.id.bytes = r.array<16>();
  v.signature = r.array<64>();
  if (!r.done() || !known) return failure("cancellation is not in its canonical form");
  return v;
}

Result<Transfer> decode_transfer(BytesView opening) {
  ByteReader r(opening);
  Transfer v;
  const bool known = begin(r, v);
  v.vintage.value = r.u32();
  v.quantity.value = r.i64();
  v.to.bytes = r.array<16>();
  v.id.bytes = r.array<16>();
  v.signature = r.array<64>();
  if (!r.done() || !known || !is_quantity(v.quantity))
    return failure("transfer is not in its canonical form");
  return v;
}

Result<TransferNotice> decode_transfer_notice(BytesView opening) {
  ByteReader r(opening);
  TransferNotice v;
  v.account.bytes = r.array<16>();
  const bool known = r.u8() == account_entry_version;
  v.slot.value = r.u32();
  v.vintage.value = r.u32();
  v.quantity.value = r.i64();
  v.from.bytes = r.array<16>();
  v.id.bytes = r.array<16>();
  if (!r.done() || !known || !is_quantity(v.quantity))
    return failure("receiver's part of a transfer is not in its canonical form");
  return v;
}

Result<Retirement> decode_retirement(BytesView opening) {
  ByteReader r(opening);
  Retirement v;
  const bool known = begin(r, v);
  v.vintage.value = r.u32();
  v.quantity.value = r.i64();
  const std::uint8_t claim = r.u8();
  v.claim = static_cast<TokenClaim>(claim);
  v.id.bytes = r.array<16>();
  v.signature = r.array<64>();
  if (!r.done() || !known || claim > 1 || !is_quantity(v.quantity))
    return failure("retirement is not in its canonical form");
  return v;
}

Result<AccountSigned> account_signed(BytesView opening) {
  ByteReader r(opening);
  AccountSigned v;
  const bool known = begin(r, v);
  if (!known || r.left() < v.signature.size())
    return failure("what an account signs is not in its canonical form");
  r.raw(r.left() - v.signature.size());
  v.signature = r.array<64>();
  return v;
}

Bytes account_signed_bytes(TransactionKind kind, const Hash& chain_id, BytesView opening) {
  std::string_view label;
  if (kind == TransactionKind::transfer) label = "aipchain transfer 1";
  if (kind == TransactionKind::retirement) label = "aipchain retirement 1";
  if (kind == TransactionKind::contract) label = "aipchain contract 1";
  if (kind == TransactionKind::cancellation) label = "aipchain cancellation 1";
  invariant(!label.empty(), "a kind that an account signs");
  ByteWriter w;
  w.raw(bytes_of(label)).raw(chain_id);
  return w.raw(opening.first(opening.size() - std::min(opening.size(), sizeof(Signature)))).take();
}

Transaction cancellation_of(const Hash& chain_id, Cancellation v, const SubjectKey& restricted_key,
                            Signer& account) {
  return signed_transaction_of(TransactionKind::cancellation, SaltLabel::cancellation, chain_id, v,
                               restricted_key, account);
}

Transaction transfer_of(const Hash& chain_id, Transfer v, const SubjectKey& restricted_key,
                        Signer& account) {
  Transaction tx = signed_transaction_of(TransactionKind::transfer, SaltLabel::transfer, chain_id,
                                         v, restricted_key, account);
  const Bytes more = ByteWriter().raw(v.id.bytes).raw(v.to.bytes).take();
  tx.openings.push_back(
      {derive_salt(restricted_key, SaltLabel::transfer, v.meter.value, v.slot.value, more),
       encode(notice_of(v))});
  tx.root = openings_root(tx.openings);
  return tx;
}

Transaction retirement_of(const Hash& chain_id, Retirement v, const SubjectKey& restricted_key,
                          Signer& account) {
  return signed_transaction_of(TransactionKind::retirement, SaltLabel::retirement, chain_id, v,
                               restricted_key, account);
}

}  // namespace market
