// ECDSA against published signatures, and what it must refuse.

#include <algorithm>
#include <doctest/doctest.h>

#include "ledger/crypto/ecdsa.hpp"

using namespace ledger;

namespace {

Bytes hex(std::string_view text) { return *from_hex(text); }

KeySeed seed_of(std::uint8_t n) {
  KeySeed seed;
  seed.fill(n);
  return seed;
}

// An INTEGER of DER: leading zeros off, one on where the first bit is set.
Bytes der_integer(Bytes value) {
  while (value.size() > 1 && value[0] == 0) value.erase(value.begin());
  if (value[0] & 0x80) value.insert(value.begin(), 0);
  value.insert(value.begin(), {2, static_cast<std::uint8_t>(value.size())});
  return value;
}

Bytes der_pair(const Bytes& r, const Bytes& s) {
  Bytes out = der_integer(r);
  append(out, der_integer(s));
  out.insert(out.begin(), {0x30, static_cast<std::uint8_t>(out.size())});
  return out;
}

// RFC 6979 appendix A.2, with SHA-256; those of brainpool256r1, where a digest and a nonce are
// often above the order, by an own calculation with plain integers that gives the RFC's other ones.
struct Published {
  Curve curve;
  std::string_view key, message, r, s;
};
constexpr std::array<Published, 11> published{{
    {Curve::secp192r1, "6fab034934e4c0fc9ae67f5b5659a9d7d1fefd187ee09fd4", "sample",
     "4b0b8ce98a92866a2820e20aa6b75b56382e0f9bfd5ecb55",
     "ccdb006926ea9565cbadc840829d8c384e06de1f1e381b85"},
    {Curve::secp192r1, "6fab034934e4c0fc9ae67f5b5659a9d7d1fefd187ee09fd4", "test",
     "3a718bd8b4926c3b52ee6bbe67ef79b18cb6eb62b1ad97ae",
     "5662e6848a4a19b1f1ae2f72acd4b8bbe50f1eac65d9124f"},
    {Curve::secp256r1, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", "sample",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {Curve::secp256r1, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", "test",
     "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
     "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
    {Curve::secp384r1,
     "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2e"
     "d"
     "f5",
     "sample",
     "21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb"
     "2"
     "cd",
     "f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0"
     "a"
     "b0"},
    {Curve::secp384r1,
     "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2e"
     "d"
     "f5",
     "test",
     "6d6defac9ab64dabafe36c6bf510352a4cc27001263638e5b16d9bb51d451559f918eedaf2293be5b475cc8f01886"
     "36"
     "b",
     "2d46f3becbcc523d5f1a1256bf0c9b024d879ba9e838144c8ba6baeb4b53b47d51ab373f9845c0514eefb14024787"
     "265"},
    {Curve::brainpool256r1, "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef",
     "message 0", "70236e47fd6129c43a1688d4ad308ce5e23e8c8013df39464df51ea620c18cfb",
     "23dc1bacbec1c177b9a45fbe0f7fcccad476c308f6bd67d6a12eccb712da55c6"},
    {Curve::brainpool256r1, "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef",
     "message 1", "8d83d041625647e1d5ae2217467ef446f12317701debd3d5a364d3ea44c0d8c5",
     "6dea55ce4fc5054a8b4dd123c70ab9b966e543ee3fd9afe886fe2cd87adebd84"},
    {Curve::brainpool256r1, "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef",
     "message 3", "37453ba3d0218f88ccec2c89a72a59923711516261d057d87dd49621ca8cca82",
     "9d957c0bdde8057f0ba6015a579728989abdbaf8603706ed02acd48087d552dc"},
    {Curve::brainpool256r1, "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef",
     "message 9", "3e9fecaeb598299de5c994067184fe64af6cb94d81f6f0142248a8900b5686f9",
     "73deccaae3b4301b41281c91efcfe37331a7257f77190815328aa95ca9321ada"},
    {Curve::brainpool256r1, "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef",
     "message 2", "9ff86ce68dd39efc5cebc46ada007d92ce15f8f4b43697ba11b13667bc3dc744",
     "7ca6b2c25b9065e4271eb67adcfe43cb7ae979f4194af326a68ee1f8b12939a6"},  // of the second nonce
}};

}  // namespace

TEST_CASE("ecdsa: signs as RFC 6979 says, byte for byte") {
  for (const Published& p : published) {
    CAPTURE(name_of(p.curve));
    CAPTURE(p.message);
    const auto key = EcdsaKey::from_scalar(p.curve, hex(p.key));
    REQUIRE(key.has_value());
    const Bytes expected = der_pair(hex(p.r), hex(p.s));
    CHECK(to_hex(key->sign(bytes_of(p.message))) == to_hex(expected));
    CHECK(key->public_key().verify(bytes_of(p.message), expected) == Result<bool>(true));
    CHECK(key->public_key().verify(bytes_of("Sample"), expected) == Result<bool>(false));
  }
}

TEST_CASE("ecdsa: on every curve a key's signature holds for its message and no other") {
  const BytesView message = bytes_of("1234.567 kWh");
  for (const Curve curve : all_curves) {
    CAPTURE(name_of(curve));
    const EcdsaKey key = EcdsaKey::from_seed(curve, seed_of(1));
    const EcdsaKey other = EcdsaKey::from_seed(curve, seed_of(2));
    CHECK(key.public_key().curve() == curve);
    CHECK(key.public_key().der() == EcdsaKey::from_seed(curve, seed_of(1)).public_key().der());
    const Bytes signature = key.sign(message);
    CHECK(signature == key.sign(message));
    const auto again = EcdsaPublicKey::from_der(key.public_key().der());
    REQUIRE(again.has_value());
    CHECK(again->verify(message, signature) == Result<bool>(true));
    CHECK(again->verify(bytes_of("1234.568 kWh"), signature) == Result<bool>(false));
    CHECK(other.public_key().verify(message, signature) == Result<bool>(false));
  }
}

TEST_CASE("ecdsa: of a signature's bytes none may change, go or come") {
  const EcdsaKey key = EcdsaKey::from_seed(Curve::secp256r1, seed_of(3));
  const BytesView message = bytes_of("message");
  const Bytes signature = key.sign(message);
  const auto holds = [&](const Bytes& s) {
    return key.public_key().verify(message, s).value_or(false);
  };
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Bytes flipped = signature;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    CHECK_FALSE(holds(flipped));
  }
  for (std::size_t size = 0; size < signature.size(); ++size)
    CHECK_FALSE(key.public_key().verify(message, BytesView(signature).first(size)).has_value());
  Bytes longer = signature;
  longer.push_back(0);
  CHECK_FALSE(key.public_key().verify(message, longer).has_value());
  // The same numbers in BER: a length of two bytes.
  Bytes ber = signature;
  ber.insert(ber.begin() + 1, 0x81);
  CHECK_FALSE(key.public_key().verify(message, ber).has_value());
  CHECK_FALSE(holds(der_pair({0}, {0})));
  CHECK_FALSE(holds(der_pair({1}, {1})));
}

TEST_CASE("ecdsa: what is no public key on a known curve is refused") {
  const auto fault = [](const Bytes& der) {
    const auto key = EcdsaPublicKey::from_der(der);
    return key ? std::string("taken")
               : std::string(key.error() == EcdsaKeyFault::not_a_key ? "no key" : "other");
  };
  for (const Curve curve : all_curves) {
    CAPTURE(name_of(curve));
    const Bytes der = EcdsaKey::from_seed(curve, seed_of(4)).public_key().der();
    CHECK(fault(der) == "taken");
    for (std::size_t size = 0; size < der.size(); ++size)
      CHECK(fault(Bytes(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(size))) == "no key");
    Bytes longer = der, off_curve = der;
    longer.push_back(0);
    CHECK(fault(longer) == "no key");
    off_curve.back() ^= 1;
    CHECK(fault(off_curve) == "no key");
  }
  CHECK(fault(Bytes(100'000, 0x30)) == "no key");
  // The point at infinity: one byte, and every signature could be made to hold.
  CHECK(fault(hex("301930130607"
                  "2a8648ce3d0201"
                  "06082a8648ce3d030107"
                  "03020000")) == "no key");
  // Ed25519 (RFC 8410 section 10.1); P-224's generator.
  CHECK(fault(hex("302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad"
                  "703166e1")) == "other");
  CHECK(fault(hex("304e301006072a8648ce3d020106052b81040021033a0004b70e0cbd6bb4bf7f321390b94a03c1d3"
                  "56c21122343280d6115c1d21bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e"
                  "34")) == "other");
}

TEST_CASE("ecdsa: a private key is between 1 and the group's order") {
  const Bytes order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  Bytes last = order;
  last.back() -= 1;
  CHECK(EcdsaKey::from_scalar(Curve::secp256r1, last).has_value());
  CHECK_FALSE(EcdsaKey::from_scalar(Curve::secp256r1, order).has_value());
  CHECK_FALSE(EcdsaKey::from_scalar(Curve::secp256r1, Bytes(32, 0)).has_value());
  CHECK_FALSE(EcdsaKey::from_scalar(Curve::secp256r1, Bytes{}).has_value());
  CHECK_FALSE(EcdsaKey::from_scalar(Curve::secp256r1, Bytes(33, 1)).has_value());
}
