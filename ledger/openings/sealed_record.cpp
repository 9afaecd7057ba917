#include "ledger/openings/sealed_record.hpp"

#include "ledger/base/codec.hpp"

namespace ledger {
namespace {

constexpr std::string_view restricted_label = "aipchain restricted 1";
constexpr std::string_view personal_label = "aipchain personal 1";
constexpr std::size_t restricted_context_size = 10;
constexpr std::size_t personal_context_size = 12;

Bytes encode(const RestrictedContext& at) {
  return ByteWriter().u64(at.entry).u16(at.position).take();
}

Bytes encode(const PersonalContext& at) {
  return ByteWriter().u32(at.gateway.value).u32(at.epoch).u32(at.meter.value).take();
}

Bytes bound_context(std::string_view label, const Hash& chain_id, BytesView context) {
  return ByteWriter().raw(bytes_of(label)).raw(chain_id).raw(context).take();
}

Bytes sealed(const Hash& chain_id, const SymmetricKey& key, std::string_view label,
             const Bytes& context, BytesView plaintext) {
  const Bytes bound = bound_context(label, chain_id, context);
  const SealNonce nonce = seal_nonce(key, bound, plaintext);
  const Bytes box = seal(key, nonce, bound, plaintext);
  ByteWriter w;
  w.u32(static_cast<std::uint32_t>(context.size() + nonce.size() + box.size()));
  return w.raw(context).raw(nonce).raw(box).take();
}

struct Unsealed {
  Bytes context, plaintext;
};

Result<std::vector<Unsealed>> unseal_file(const Hash& chain_id, const SymmetricKey& key,
                                          std::string_view label, std::size_t context_size,
                                          BytesView file) {
  std::vector<Unsealed> out;
  ByteReader r(file);
  while (r.left() > 0) {
    const std::string record = "record " + std::to_string(out.size());
    ByteReader all(r.sized());
    Unsealed u{to_bytes(all.raw(context_size)), {}};
    const SealNonce nonce = all.array<sizeof(SealNonce)>();
    if (r.failed() || all.failed()) return failure(record + " is cut off");
    const Bytes bound = bound_context(label, chain_id, u.context);
    auto plain = unseal(key, nonce, bound, all.raw(all.left()));
    if (!plain || seal_nonce(key, bound, *plain) != nonce)
      return failure(record + " does not open: it was changed or is another key's");
    u.plaintext = std::move(*plain);
    out.push_back(std::move(u));
  }
  return out;
}

Result<PersonalRecord> read_personal(const Unsealed& u) {
  ByteReader context(u.context);
  PersonalRecord p;
  p.at = {{context.u32()}, context.u32(), {context.u32()}};
  ByteReader r(u.plaintext);
  const auto record = decode_meter_record(r.raw(meter_record_size));
  if (!record) return failure(record.error());
  p.record = *record;
  for (int i = 0; i < p.record.count && !r.failed(); ++i)
    p.readings.push_back(r.array<reading_size>());
  if (r.left() > 0)
    for (int i = 0; i < p.record.count && !r.failed(); ++i) p.each.push_back(r.array<64>());
  if (!r.done()) return failure("its readings do not fit its count");
  return p;
}

}  // namespace

Bytes seal_restricted(const Hash& chain_id, const SymmetricKey& key, const RestrictedContext& at,
                      const Opening& opening) {
  ByteWriter plain;
  plain.raw(opening.salt).raw(opening.data);
  return sealed(chain_id, key, restricted_label, encode(at), plain.view());
}

Bytes seal_personal(const Hash& chain_id, const SymmetricKey& key, const PersonalContext& at,
                    const MeterRecord& record, std::span<const ReadingBytes> readings,
                    std::span<const Signature> each) {
  ByteWriter plain;
  plain.raw(encode(record));
  for (const ReadingBytes& r : readings) plain.raw(r);
  for (const Signature& s : each) plain.raw(s);
  return sealed(chain_id, key, personal_label, encode(at), plain.view());
}

Result<std::vector<RestrictedRecord>> unseal_restricted_file(const Hash& chain_id,
                                                             const SymmetricKey& key,
                                                             BytesView file) {
  const auto records = unseal_file(chain_id, key, restricted_label, restricted_context_size, file);
  if (!records) return failure(records.error());
  std::vector<RestrictedRecord> out;
  for (const Unsealed& u : *records) {
    ByteReader context(u.context), plain(u.plaintext);
    RestrictedRecord r;
    r.at = {context.u64(), context.u16()};
    r.opening.salt = plain.array<32>();
    r.opening.data = to_bytes(plain.raw(plain.left()));
    if (plain.failed()) return failure("record " + std::to_string(out.size()) + " holds no salt");
    out.push_back(std::move(r));
  }
  return out;
}

Result<std::vector<PersonalRecord>> unseal_personal_file(const Hash& chain_id,
                                                         const SymmetricKey& key, BytesView file) {
  const auto records = unseal_file(chain_id, key, personal_label, personal_context_size, file);
  if (!records) return failure(records.error());
  std::vector<PersonalRecord> out;
  for (const Unsealed& u : *records) {
    auto p = read_personal(u);
    if (!p) return failure("record " + std::to_string(out.size()) + ": " + p.error());
    out.push_back(std::move(*p));
  }
  return out;
}

}  // namespace ledger
