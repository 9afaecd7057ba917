#include "ledger/crypto/ecdsa.hpp"

// A nonce of one's own is taken by the low-level calls only.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

struct CurveFacts {
  std::string_view name;
  int nid;
  std::size_t bits;  // of the group's order; whole bytes for all of them
};
constexpr std::array<CurveFacts, all_curves.size()> facts{{
    {"secp192k1", NID_secp192k1, 192},
    {"secp192r1", NID_X9_62_prime192v1, 192},
    {"secp256k1", NID_secp256k1, 256},
    {"secp256r1", NID_X9_62_prime256v1, 256},
    {"secp384r1", NID_secp384r1, 384},
    {"brainpool256r1", NID_brainpoolP256r1, 256},
    {"brainpool384r1", NID_brainpoolP384r1, 384},
}};
const CurveFacts& facts_of(Curve curve) { return facts[static_cast<std::size_t>(curve)]; }

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* p) const {
    release(p);
  }
};
using BigNumber = std::unique_ptr<BIGNUM, Releaser<BN_clear_free>>;
using Context = std::unique_ptr<BN_CTX, Releaser<BN_CTX_free>>;
using Point = std::unique_ptr<EC_POINT, Releaser<EC_POINT_clear_free>>;
using Pair = std::unique_ptr<ECDSA_SIG, Releaser<ECDSA_SIG_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;

void must(bool holds) { invariant(holds, "OpenSSL calculates"); }

BigNumber number_from(BytesView big_endian) {
  BigNumber out(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
  must(out != nullptr);
  BN_set_flags(out.get(), BN_FLG_CONSTTIME);
  return out;
}

Bytes bytes_from(const BIGNUM* n, std::size_t size) {
  Bytes out(size);
  must(BN_bn2binpad(n, out.data(), static_cast<int>(size)) >= 0);
  return out;
}

// Empty for what has no encoding, such as a key at infinity.
template <class T, class Encode>
Bytes der_of(const T* value, Encode encode) {
  const int size = encode(value, nullptr);
  if (size <= 0) return {};
  Bytes out(static_cast<std::size_t>(size));
  unsigned char* at = out.data();
  must(encode(value, &at) == size);
  return out;
}

// d2i functions take more than DER and leave what follows; what they took is encoded again.
Pair pair_from(BytesView der) {
  const unsigned char* at = der.data();
  Pair out(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!out || !equal(der_of(out.get(), i2d_ECDSA_SIG), der)) out.reset();
  ERR_clear_error();
  return out;
}

void wipe(std::initializer_list<std::span<std::uint8_t>> secrets) {
  for (const auto secret : secrets) OPENSSL_cleanse(secret.data(), secret.size());
}

Hash hmac(const Hash& key, std::initializer_list<BytesView> parts) {
  Bytes message;
  for (const BytesView part : parts) append(message, part);
  Hash out;
  must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
            out.data(), nullptr) != nullptr);
  wipe({message});
  return out;
}

// RFC 6979 section 3.2, for orders of whole bytes: K and V as there, x the private key, h the
// digest's leftmost bits reduced by the order.
class Nonces {
 public:
  Nonces(BytesView x, BytesView h) {
    key_.fill(0);
    value_.fill(1);
    for (const std::uint8_t step : {std::uint8_t{0}, std::uint8_t{1}}) {
      key_ = hmac(key_, {value_, {&step, 1}, x, h});
      value_ = hmac(key_, {value_});
    }
  }
  ~Nonces() { wipe({key_, value_}); }

  // The next candidate, of the order's size.
  BigNumber next(std::size_t size) {
    Bytes t;
    t.reserve(size + value_.size());
    while (t.size() < size) {
      value_ = hmac(key_, {value_});
      append(t, value_);
    }
    BigNumber out = number_from(BytesView(t).first(size));
    wipe({t});
    const std::uint8_t zero = 0;
    key_ = hmac(key_, {value_, {&zero, 1}});
    value_ = hmac(key_, {value_});
    return out;
  }

 private:
  Hash key_, value_;
};

bool in_range(const BIGNUM* n, const BIGNUM* order) {
  return !BN_is_zero(n) && BN_cmp(n, order) < 0;
}

// The x coordinate of k times the generator, reduced by the order.
BigNumber r_of(const BIGNUM* k, const EC_GROUP* group, const BIGNUM* order, BN_CTX* context) {
  const Point point(EC_POINT_new(group));
  BigNumber r(BN_new());
  must(point && r && EC_POINT_mul(group, point.get(), k, nullptr, nullptr, context) == 1 &&
       EC_POINT_get_affine_coordinates(group, point.get(), r.get(), nullptr, context) == 1 &&
       BN_nnmod(r.get(), r.get(), order, context) == 1);
  return r;
}

std::optional<Curve> curve_named(std::string_view openssl_name) {
  for (const Curve curve : all_curves)
    if (openssl_name == OBJ_nid2sn(facts_of(curve).nid)) return curve;
  return std::nullopt;
}

// The largest known key is 158 bytes long (P-521); one that spells its curve's parameters out,
// which could be any, is longer for each curve of 192 bits and more.
constexpr std::size_t max_key_bytes = 160;

}  // namespace

std::string_view name_of(Curve curve) { return facts_of(curve).name; }
std::size_t bits_of(Curve curve) { return facts_of(curve).bits; }

tl::expected<EcdsaPublicKey, EcdsaKeyFault> EcdsaPublicKey::from_der(BytesView der) {
  if (der.size() > max_key_bytes) return tl::unexpected(EcdsaKeyFault::not_a_key);
  // A point off its curve is not decoded, and one at infinity not encoded; orders are prime.
  const unsigned char* at = der.data();
  EcdsaPublicKey out;
  out.key_.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())), EVP_PKEY_free);
  ERR_clear_error();
  if (!out.key_ || !equal(der_of(out.key_.get(), i2d_PUBKEY), der))
    return tl::unexpected(EcdsaKeyFault::not_a_key);
  std::array<char, 64> group{};
  const bool named = EVP_PKEY_is_a(out.key_.get(), "EC") == 1 &&
                     EVP_PKEY_get_group_name(out.key_.get(), group.data(), group.size(), nullptr);
  const auto curve = curve_named(group.data());
  if (!named || !curve) return tl::unexpected(EcdsaKeyFault::other_kind);
  out.curve_ = *curve;
  out.der_ = to_bytes(der);
  return out;
}

Result<bool> EcdsaPublicKey::verify(BytesView message, BytesView signature) const {
  if (!pair_from(signature)) return failure("is not the DER sequence of two integers");
  const Digest digest(EVP_MD_CTX_new());
  must(digest &&
       EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
  const int holds = EVP_DigestVerify(digest.get(), signature.data(), signature.size(),
                                     message.data(), message.size());
  ERR_clear_error();
  return holds == 1;
}

Result<EcdsaKey> EcdsaKey::from_scalar(Curve curve, BytesView scalar) {
  const std::shared_ptr<EC_KEY> key(EC_KEY_new_by_curve_name(facts_of(curve).nid), EC_KEY_free);
  must(key != nullptr);
  const EC_GROUP* group = EC_KEY_get0_group(key.get());
  const BigNumber d = number_from(scalar);
  if (!in_range(d.get(), EC_GROUP_get0_order(group)))
    return failure("a private key is between 1 and the order of " + std::string(name_of(curve)));
  const Point point(EC_POINT_new(group));
  must(point && EC_POINT_mul(group, point.get(), d.get(), nullptr, nullptr, nullptr) == 1 &&
       EC_KEY_set_private_key(key.get(), d.get()) == 1 &&
       EC_KEY_set_public_key(key.get(), point.get()) == 1);
  auto public_key = EcdsaPublicKey::from_der(der_of(key.get(), i2d_EC_PUBKEY));
  must(public_key.has_value());
  return EcdsaKey(key, std::move(*public_key));
}

EcdsaKey EcdsaKey::from_seed(Curve curve, const KeySeed& seed) {
  Bytes wide;
  wide.reserve(2 * sizeof(Hash));
  for (const std::uint8_t block : {std::uint8_t{0}, std::uint8_t{1}})
    append(wide,
           hmac(seed, {bytes_of("aipchain ecdsa key "), bytes_of(name_of(curve)), {&block, 1}}));
  const BigNumber d = number_from(wide);
  const Context context(BN_CTX_secure_new());
  const std::unique_ptr<EC_GROUP, Releaser<EC_GROUP_free>> group(
      EC_GROUP_new_by_curve_name(facts_of(curve).nid));
  must(context && group);
  // d = wide mod (n - 1) + 1
  const BigNumber below(BN_dup(EC_GROUP_get0_order(group.get())));
  must(below && BN_sub_word(below.get(), 1) == 1 &&
       BN_nnmod(d.get(), d.get(), below.get(), context.get()) == 1 && BN_add_word(d.get(), 1) == 1);
  Bytes scalar = bytes_from(d.get(), facts_of(curve).bits / 8);
  EcdsaKey key = *from_scalar(curve, scalar);
  wipe({wide, scalar});
  return key;
}

Bytes EcdsaKey::sign(BytesView message) const {
  const EC_GROUP* group = EC_KEY_get0_group(key_.get());
  const BIGNUM* order = EC_GROUP_get0_order(group);
  const std::size_t size = bits_of(public_key_.curve()) / 8;
  const Context context(BN_CTX_secure_new());
  const Hash digest = sha256(message);
  const BigNumber h = number_from(BytesView(digest).first(std::min(size, digest.size())));
  must(context && BN_nnmod(h.get(), h.get(), order, context.get()) == 1);
  Bytes x = bytes_from(EC_KEY_get0_private_key(key_.get()), size);
  Nonces nonces(x, bytes_from(h.get(), size));
  wipe({x});
  BigNumber k = nonces.next(size);
  while (!in_range(k.get(), order)) k = nonces.next(size);
  const BigNumber inverse(BN_mod_inverse(nullptr, k.get(), order, context.get()));
  const BigNumber r = r_of(k.get(), group, order, context.get());
  const Pair pair(ECDSA_do_sign_ex(digest.data(), static_cast<int>(digest.size()), inverse.get(),
                                   r.get(), key_.get()));
  must(pair != nullptr);  // r = 0 or s = 0 has the chance of guessing the key
  return der_of(pair.get(), i2d_ECDSA_SIG);
}

}  // namespace ledger
