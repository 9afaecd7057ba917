#pragma once
// ECDSA (FIPS 186-5, SEC 1 v2) over SHA-256 by OpenSSL, on the named curves that meters sign with.
// Keys travel as DER SubjectPublicKeyInfo (RFC 5480, named curve), signatures as the DER sequence
// of r and s (RFC 3279 section 2.2.3).
//
// A signature is made with the nonce of RFC 6979, since OpenSSL draws a random one before its
// version 3.2: the same key and message give the same bytes, so that a run can be repeated. Others
// sign with random nonces: what comes from them enters as recorded input.
//
// The 192-bit curves are here because meters in the field use them; whether such a signature is
// good enough is for the caller to say.

#include <memory>
#include <string_view>

#include "ledger/base/bytes.hpp"
#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

struct evp_pkey_st;
struct ec_key_st;

namespace ledger {

enum class Curve : std::uint8_t {
  secp192k1,
  secp192r1,  // NIST P-192
  secp256k1,
  secp256r1,  // NIST P-256
  secp384r1,  // NIST P-384
  brainpool256r1,
  brainpool384r1,
};
inline constexpr std::array all_curves{
    Curve::secp192k1, Curve::secp192r1,      Curve::secp256k1,     Curve::secp256r1,
    Curve::secp384r1, Curve::brainpool256r1, Curve::brainpool384r1};
std::string_view name_of(Curve curve);
std::size_t bits_of(Curve curve);

enum class EcdsaKeyFault : std::uint8_t {
  not_a_key,   // not the canonical DER form of a public key with a point on its curve
  other_kind,  // a key, of another kind or on another curve
};

// A public key; copies share it.
class EcdsaPublicKey {
 public:
  static tl::expected<EcdsaPublicKey, EcdsaKeyFault> from_der(BytesView subject_public_key_info);

  Curve curve() const { return curve_; }
  const Bytes& der() const { return der_; }
  // Whether the signature is this key's over SHA-256(message); fails where it is not DER.
  Result<bool> verify(BytesView message, BytesView signature) const;

 private:
  EcdsaPublicKey() = default;
  Curve curve_{};
  Bytes der_;
  std::shared_ptr<evp_pkey_st> key_;
};

// A private key; copies share it, and the last one wipes it.
class EcdsaKey {
 public:
  // The scalar is HMAC-SHA-256 of the seed, 512 bits reduced (FIPS 186-5 A.2.1): one seed gives
  // each curve a key of its own.
  static EcdsaKey from_seed(Curve curve, const KeySeed& seed);
  // Big-endian; fails where it is not in [1, n - 1].
  static Result<EcdsaKey> from_scalar(Curve curve, BytesView scalar);

  const EcdsaPublicKey& public_key() const { return public_key_; }
  Bytes sign(BytesView message) const;

 private:
  EcdsaKey(std::shared_ptr<ec_key_st> key, EcdsaPublicKey public_key)
      : key_(std::move(key)), public_key_(std::move(public_key)) {}
  std::shared_ptr<ec_key_st> key_;
  EcdsaPublicKey public_key_;
};

}  // namespace ledger
