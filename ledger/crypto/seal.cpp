#include "ledger/crypto/seal.hpp"

#include <sodium.h>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t wrapped_size = crypto_box_SEALBYTES + sizeof(SymmetricKey);

}  // namespace

Bytes seal(const SymmetricKey& key, const SealNonce& nonce, BytesView context,
           BytesView plaintext) {
  Bytes out(plaintext.size() + tag_size);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data(), nullptr, plaintext.data(),
                                             plaintext.size(), context.data(), context.size(),
                                             nullptr, nonce.data(), key.data());
  return out;
}

std::optional<Bytes> unseal(const SymmetricKey& key, const SealNonce& nonce, BytesView context,
                            BytesView ciphertext) {
  if (ciphertext.size() < tag_size) return std::nullopt;
  Bytes out(ciphertext.size() - tag_size);
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      out.data(), nullptr, nullptr, ciphertext.data(), ciphertext.size(), context.data(),
      context.size(), nonce.data(), key.data());
  if (failed != 0) return std::nullopt;
  return out;
}

SealNonce seal_nonce(const SymmetricKey& key, BytesView context, BytesView plaintext) {
  const Bytes size = ByteWriter().u32(static_cast<std::uint32_t>(context.size())).take();
  const Hash h = sha256({bytes_of("aipchain nonce 1"), key, size, context, plaintext});
  SealNonce out;
  std::memcpy(out.data(), h.data(), out.size());
  return out;
}

BoxKeys box_keys(const std::array<std::uint8_t, 32>& seed) {
  invariant(sodium_init() >= 0, "libsodium starts");
  BoxKeys keys;
  crypto_box_seed_keypair(keys.public_key.data(), keys.secret_key.data(), seed.data());
  return keys;
}

Bytes wrap_key(const SymmetricKey& key, const std::array<std::uint8_t, 32>& reader,
               const std::array<std::uint8_t, 32>& ephemeral_seed) {
  // libsodium's crypto_box_seal draws its own ephemeral key; this is the same construction with a
  // derived one: nonce = BLAKE2b-192(ephemeral public key || reader), box under (reader,
  // ephemeral).
  const BoxKeys ephemeral = box_keys(ephemeral_seed);
  std::array<std::uint8_t, crypto_box_NONCEBYTES> nonce;
  Bytes both = to_bytes(ephemeral.public_key);
  append(both, reader);
  crypto_generichash(nonce.data(), nonce.size(), both.data(), both.size(), nullptr, 0);
  Bytes out = to_bytes(ephemeral.public_key);
  out.resize(wrapped_size);
  const int failed =
      crypto_box_easy(out.data() + ephemeral.public_key.size(), key.data(), key.size(),
                      nonce.data(), reader.data(), ephemeral.secret_key.data());
  invariant(failed == 0, "a reader's public key is a valid curve point");
  return out;
}

std::optional<SymmetricKey> unwrap_key(BytesView wrapped, const BoxKeys& reader) {
  if (wrapped.size() != wrapped_size) return std::nullopt;
  SymmetricKey key;
  const int failed = crypto_box_seal_open(key.data(), wrapped.data(), wrapped.size(),
                                          reader.public_key.data(), reader.secret_key.data());
  if (failed != 0) return std::nullopt;
  return key;
}

}  // namespace ledger
