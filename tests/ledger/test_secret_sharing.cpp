// Shares of a key: any two give it back, one says nothing, and a wrong one is not taken for right.

#include <doctest/doctest.h>
#include <set>

#include "ledger/crypto/secret_sharing.hpp"

using namespace ledger;

namespace {

SubjectKey some_key(std::uint64_t seed) { return Rng(seed).bytes32(); }

}  // namespace

TEST_CASE("key shares: every pair in either order gives the key back") {
  Rng rng(1);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SubjectKey key = seed == 0 ? SubjectKey{} : some_key(seed);
    const auto shares = split_key(key, rng);
    for (const KeyShare& a : shares)
      for (const KeyShare& b : shares)
        if (a.index != b.index) CHECK(recover_key(a, b) == key);
  }
}

// 0x57 * 0x83 = 0xc1 and 0x57 * 0x13 = 0xfe are FIPS 197's own examples; here an index is a factor.
TEST_CASE("key shares: products are those of AES's field") {
  SubjectKey key{};
  std::array<std::uint8_t, 32> slope{};
  slope[0] = 0x57;
  slope[1] = 0xae;
  slope[2] = 0x80;
  const auto shares = split_key(key, slope);
  CHECK(shares[1].bytes[0] == 0xae);  // 57 * 02, FIPS 197 section 4.2.1
  CHECK(shares[1].bytes[1] == 0x47);  // ae * 02
  CHECK(shares[1].bytes[2] == 0x1b);
  CHECK(shares[2].bytes[0] == (0x57 ^ 0xae));
}

TEST_CASE("key shares: one share takes each value once for each key byte, so it says nothing") {
  for (int byte = 0; byte < 256; ++byte) {
    SubjectKey key{};
    key[0] = static_cast<std::uint8_t>(byte);
    std::array<std::set<std::uint8_t>, 3> seen;
    for (int slope = 0; slope < 256; ++slope) {
      const auto shares = split_key(key, {static_cast<std::uint8_t>(slope)});
      for (std::size_t s = 0; s < 3; ++s) seen[s].insert(shares[s].bytes[0]);
    }
    for (const auto& values : seen) CHECK(values.size() == 256);
  }
}

// Chi-square over 256 values, 25,600 draws: 347 is its 99.99 % quantile with 255 degrees of
// freedom.
TEST_CASE("key shares: slopes drawn for one key are uniform, and no two alike") {
  const SubjectKey key{};
  Rng rng(3);
  std::array<int, 256> count{};
  std::set<std::array<std::uint8_t, 32>> slopes;
  for (int i = 0; i < 800; ++i) {
    const auto shares = split_key(key, rng);
    slopes.insert(shares[0].bytes);
    for (const std::uint8_t b : shares[0].bytes) ++count[b];
  }
  double chi_square = 0;
  for (const int n : count) chi_square += (n - 100.0) * (n - 100.0) / 100.0;
  CHECK(chi_square < 347);
  CHECK(slopes.size() == 800);
}

TEST_CASE("key shares: a slope depends on the key as on the randomness") {
  Rng one(4), same(4);
  const SubjectKey a = some_key(1), b = some_key(2);
  const auto of_a = split_key(a, one)[0].bytes, of_b = split_key(b, same)[0].bytes;
  for (std::size_t i = 0; i < 32; ++i) {
    const auto slope_a = static_cast<std::uint8_t>(of_a[i] ^ a[i]);
    const auto slope_b = static_cast<std::uint8_t>(of_b[i] ^ b[i]);
    if (slope_a != slope_b) return;
  }
  FAIL("the same slope for two keys");
}

TEST_CASE("key shares: equal and impossible indices are refused") {
  Rng rng(5);
  const auto shares = split_key(some_key(1), rng);
  for (const KeyShare& share : shares) CHECK_FALSE(recover_key(share, share));
  for (int index = 0; index < 256; ++index) {
    if (index >= 1 && index <= 3) continue;
    const KeyShare wrong{static_cast<std::uint8_t>(index), shares[0].bytes};
    CHECK_FALSE(recover_key(wrong, shares[1]));
    CHECK_FALSE(recover_key(shares[1], wrong));
  }
  CHECK(recover_key({4, {}}, shares[1]).error() == "key share: index 4 is none of 1, 2, 3");
  CHECK(recover_key(shares[1], shares[1]).error() ==
        "key share: two of index 2, two different needed");
}

TEST_CASE("key shares: a changed share, another's or a renumbered one gives another key") {
  Rng rng(6);
  const SubjectKey key = some_key(1);
  const auto shares = split_key(key, rng), others = split_key(some_key(2), rng);
  const auto again = split_key(key, rng);
  for (std::size_t bit = 0; bit < 256; ++bit) {
    KeyShare changed = shares[0];
    changed.bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    CHECK(recover_key(changed, shares[1]) != key);
  }
  CHECK(recover_key(shares[0], others[1]) != key);
  CHECK(recover_key(shares[0], again[1]) != key);
  CHECK(recover_key({3, shares[0].bytes}, shares[1]) != key);
}
