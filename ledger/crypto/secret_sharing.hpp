#pragma once
// A subject's key in three shares, any two of which give it back and any one of which says nothing
// (Shamir, How to share a secret, CACM 22(11), 1979), a byte at a time over GF(256):
//
//   share(x) = key + a x            x = 1, 2, 3; a = 32 secret bytes, each uniform over all of
//   GF(256) key      = (share(x) y + share(y) x) / (x + y)
//
// GF(256) is that of AES (FIPS 197, section 4: x^8 + x^4 + x^3 + x + 1); addition is xor. Products
// take the same steps for all operands and look nothing up, so that time tells nothing of a key.
// Shares carry no proof: two of different keys, or one that was changed, give another key, so
// whoever recovers one compares it with a commitment to it.

#include "ledger/base/result.hpp"
#include "ledger/base/rng.hpp"
#include "ledger/crypto/commitment.hpp"

namespace ledger {

struct KeyShare {
  std::uint8_t index;  // 1, 2 or 3
  std::array<std::uint8_t, 32> bytes;
};

// The shares 1, 2 and 3 with the slope a given: uniform, secret, and used once.
std::array<KeyShare, 3> split_key(const SubjectKey& key, const std::array<std::uint8_t, 32>& slope);

// The same with a = SHA-256("aipchain shares 1" || key || 32 bytes of rng): whoever knows the seed
// of rng but not the key knows no slope, and a second split has another one.
std::array<KeyShare, 3> split_key(const SubjectKey& key, Rng& rng);

// From any two. An error: an index that is none of 1, 2, 3, or the same index twice.
Result<SubjectKey> recover_key(const KeyShare& a, const KeyShare& b);

}  // namespace ledger
