#include "ledger/crypto/secret_sharing.hpp"

#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

// All bits are 1 where bit i of v is, else 0: a condition without a branch.
std::uint8_t mask_of_bit(std::uint8_t v, int i) {
  return static_cast<std::uint8_t>(0 - ((v >> i) & 1));
}

// Russian peasant multiplication in GF(256).
std::uint8_t product(std::uint8_t a, std::uint8_t b) {
  std::uint8_t sum = 0;
  for (int i = 0; i < 8; ++i) {
    sum = static_cast<std::uint8_t>(sum ^ (a & mask_of_bit(b, i)));
    a = static_cast<std::uint8_t>((a << 1) ^ (0x1b & mask_of_bit(a, 7)));
  }
  return sum;
}

// a^254, for a^255 = 1 where a is not 0: the product of a^2, a^4, ..., a^128.
std::uint8_t inverse(std::uint8_t a) {
  std::uint8_t out = 1;
  for (int i = 1; i < 8; ++i) {
    a = product(a, a);
    out = product(out, a);
  }
  return out;
}

bool is_index(std::uint8_t i) { return i >= 1 && i <= 3; }

}  // namespace

std::array<KeyShare, 3> split_key(const SubjectKey& key,
                                  const std::array<std::uint8_t, 32>& slope) {
  std::array<KeyShare, 3> shares{};
  for (std::uint8_t x = 1; x <= 3; ++x) {
    KeyShare& share = shares[x - 1u];
    share.index = x;
    for (std::size_t i = 0; i < key.size(); ++i)
      share.bytes[i] = static_cast<std::uint8_t>(key[i] ^ product(slope[i], x));
  }
  return shares;
}

std::array<KeyShare, 3> split_key(const SubjectKey& key, Rng& rng) {
  return split_key(key, sha256({bytes_of("aipchain shares 1"), key, rng.bytes32()}));
}

Result<SubjectKey> recover_key(const KeyShare& a, const KeyShare& b) {
  for (const KeyShare* share : {&a, &b})
    if (!is_index(share->index))
      return failure("key share: index " + std::to_string(share->index) + " is none of 1, 2, 3");
  if (a.index == b.index)
    return failure("key share: two of index " + std::to_string(a.index) + ", two different needed");
  const std::uint8_t over = inverse(static_cast<std::uint8_t>(a.index ^ b.index));
  SubjectKey key;
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = product(
        static_cast<std::uint8_t>(product(a.bytes[i], b.index) ^ product(b.bytes[i], a.index)),
        over);
  return key;
}

}  // namespace ledger
