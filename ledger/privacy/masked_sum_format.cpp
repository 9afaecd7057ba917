#include "ledger/privacy/masked_sum_format.hpp"

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

ByteWriter unsigned_part(const MaskRoster& roster) {
  ByteWriter w;
  w.raw(roster.chain_id).u32(roster.group);
  w.u16(static_cast<std::uint16_t>(roster.members.size()));
  for (const MaskMember& m : roster.members)
    w.raw(m.account.bytes).raw(m.signing_key).raw(m.mask_key);
  return w;
}

ByteWriter unsigned_part(std::uint32_t group, std::uint32_t round, std::uint16_t member,
                         std::uint64_t word) {
  ByteWriter w;
  w.u32(group).u32(round).u16(member).u64(word);
  return w;
}

ByteWriter unsigned_part(const MaskedValue& v) {
  return unsigned_part(v.group, v.round, v.member, v.value);
}
ByteWriter unsigned_part(const MaskOpening& o) {
  return unsigned_part(o.group, o.round, o.member, o.mask);
}

}  // namespace

Bytes encode(const MaskRoster& roster) {
  return unsigned_part(roster).raw(roster.signature).take();
}
Bytes encode(const MaskedValue& value) { return unsigned_part(value).raw(value.signature).take(); }
Bytes encode(const MaskOpening& opening) {
  return unsigned_part(opening).raw(opening.signature).take();
}

Bytes encode(const MaskSet& set) {
  ByteWriter w;
  w.u32(set.group).u32(set.round).u16(static_cast<std::uint16_t>(set.absent.size()));
  for (const std::uint16_t member : set.absent) w.u16(member);
  return w.take();
}

Result<MaskRoster> decode_mask_roster(BytesView bytes) {
  ByteReader r(bytes);
  MaskRoster out;
  out.chain_id = r.hash();
  out.group = r.u32();
  const std::uint16_t count = r.u16();
  if (count > max_mask_members) return failure("mask roster: more than 256 members");
  for (int i = 0; i < count && !r.failed(); ++i) {
    MaskMember m;
    m.account.bytes = r.array<16>();
    m.signing_key = r.array<32>();
    m.mask_key = r.array<32>();
    if (!out.members.empty() && m.account <= out.members.back().account)
      return failure("mask roster: accounts ascend, each once");
    out.members.push_back(m);
  }
  out.signature = r.array<64>();
  if (!r.done()) return failure("mask roster of a wrong length");
  return out;
}

Result<MaskedValue> decode_masked_value(BytesView bytes) {
  ByteReader r(bytes);
  MaskedValue out;
  out.group = r.u32();
  out.round = r.u32();
  out.member = r.u16();
  out.value = r.u64();
  out.signature = r.array<64>();
  if (!r.done()) return failure("masked value of a wrong length");
  return out;
}

Result<MaskSet> decode_mask_set(BytesView bytes) {
  ByteReader r(bytes);
  MaskSet out;
  out.group = r.u32();
  out.round = r.u32();
  const std::uint16_t count = r.u16();
  if (count > max_mask_members) return failure("mask set: more than 256 absent");
  for (int i = 0; i < count && !r.failed(); ++i) {
    const std::uint16_t member = r.u16();
    if (!out.absent.empty() && member <= out.absent.back())
      return failure("mask set: the absent ascend, each once");
    out.absent.push_back(member);
  }
  if (!r.done()) return failure("mask set of a wrong length");
  return out;
}

Result<MaskOpening> decode_mask_opening(BytesView bytes) {
  ByteReader r(bytes);
  MaskOpening out;
  out.group = r.u32();
  out.round = r.u32();
  out.member = r.u16();
  out.mask = r.u64();
  out.signature = r.array<64>();
  if (!r.done()) return failure("mask opening of a wrong length");
  return out;
}

Hash roster_id(const MaskRoster& roster) { return sha256(unsigned_part(roster).view()); }

Bytes roster_signed_bytes(const MaskRoster& roster) {
  Bytes out = to_bytes(bytes_of("aipchain mask roster 1"));
  append(out, roster_id(roster));
  return out;
}

Bytes value_signed_bytes(const Hash& roster, const MaskedValue& value) {
  Bytes out = to_bytes(bytes_of("aipchain masked value 1"));
  append(out, roster);
  append(out, unsigned_part(value).view());
  return out;
}

Bytes opening_signed_bytes(const Hash& roster, const MaskSet& set, const MaskOpening& opening) {
  Bytes out = to_bytes(bytes_of("aipchain mask opening 1"));
  append(out, roster);
  append(out, sha256(encode(set)));
  append(out, unsigned_part(opening).view());
  return out;
}

}  // namespace ledger
