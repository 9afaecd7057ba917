#pragma once
// What the parties of a masked sum (masked_sum.hpp) say to each other. Integers are big-endian.
//
//   roster    chain id 32, group u32, count u16, then for each member account 16, signing key 32,
//             mask key 32; the registrar's signature 64
//   value     group u32, round u32, member u16, masked value u64, the member's signature 64
//   set       group u32, round u32, count of the absent u16, then each u16
//   opening   group u32, round u32, member u16, mask u64, the member's signature 64
//
// A member is known by its place in the roster, from 0. Members stand in ascending order of their
// accounts, the absent in ascending order. Decoders refuse every other byte sequence.

#include "ledger/base/ids.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace ledger {

inline constexpr std::size_t max_mask_members = 256;

struct MaskMember {
  AccountId account;
  PublicKey signing_key{};
  std::array<std::uint8_t, 32> mask_key{};  // X25519
};

struct MaskRoster {
  Hash chain_id{};
  std::uint32_t group = 0;
  std::vector<MaskMember> members;
  Signature signature{};
};

struct MaskedValue {
  std::uint32_t group = 0, round = 0;
  std::uint16_t member = 0;
  std::uint64_t value = 0;
  Signature signature{};
};

// Whose values a sum is of: all members less these.
struct MaskSet {
  std::uint32_t group = 0, round = 0;
  std::vector<std::uint16_t> absent;
};

struct MaskOpening {
  std::uint32_t group = 0, round = 0;
  std::uint16_t member = 0;
  std::uint64_t mask = 0;
  Signature signature{};
};

Bytes encode(const MaskRoster&);
Bytes encode(const MaskedValue&);
Bytes encode(const MaskSet&);
Bytes encode(const MaskOpening&);

Result<MaskRoster> decode_mask_roster(BytesView bytes);
Result<MaskedValue> decode_masked_value(BytesView bytes);
Result<MaskSet> decode_mask_set(BytesView bytes);
Result<MaskOpening> decode_mask_opening(BytesView bytes);

// What a roster is known by: SHA-256 of its encoding without the signature. It is part of every
// mask and of all that members sign.
Hash roster_id(const MaskRoster& roster);

// What is signed: a label, the roster's id and the encoding without its signature; of an opening
// also SHA-256 of the set's encoding, before the opening's.
Bytes roster_signed_bytes(const MaskRoster& roster);
Bytes value_signed_bytes(const Hash& roster, const MaskedValue& value);
Bytes opening_signed_bytes(const Hash& roster, const MaskSet& set, const MaskOpening& opening);

}  // namespace ledger
