#pragma once
// Encryption of openings: XChaCha20-Poly1305 under a subject's monthly key; that key is handed to a
// reader (the subject, an auditor) in a sealed box (X25519, XSalsa20-Poly1305), by libsodium.

#include <optional>

#include "ledger/base/bytes.hpp"

namespace ledger {

using SymmetricKey = std::array<std::uint8_t, 32>;
using SealNonce = std::array<std::uint8_t, 24>;

// Ciphertext and tag (16 bytes more than the plaintext). `context` is authenticated, not hidden. A
// nonce must not repeat under one key for another plaintext or context: see seal_nonce.
Bytes seal(const SymmetricKey& key, const SealNonce& nonce, BytesView context, BytesView plaintext);

// Nothing if a single bit of key, nonce, context or ciphertext differs.
std::optional<Bytes> unseal(const SymmetricKey& key, const SealNonce& nonce, BytesView context,
                            BytesView ciphertext);

// The first 24 bytes of SHA-256("aipchain nonce 1" || key || context size u32 || context ||
// plaintext): it repeats only where the same bytes are sealed again in the same context, whatever a
// sender forgot in a restart.
SealNonce seal_nonce(const SymmetricKey& key, BytesView context, BytesView plaintext);

// A reader's key pair, derived from 32 secret bytes by hashing, so that every bit of them counts.
struct BoxKeys {
  std::array<std::uint8_t, 32> public_key;
  std::array<std::uint8_t, 32> secret_key;
};
BoxKeys box_keys(const std::array<std::uint8_t, 32>& seed);

// A key for one reader, 80 bytes: ephemeral public key (32) || box (48). The ephemeral key pair
// comes from `ephemeral_seed`, never from the system's randomness, so that runs repeat.
Bytes wrap_key(const SymmetricKey& key, const std::array<std::uint8_t, 32>& reader,
               const std::array<std::uint8_t, 32>& ephemeral_seed);
std::optional<SymmetricKey> unwrap_key(BytesView wrapped, const BoxKeys& reader);

}  // namespace ledger
