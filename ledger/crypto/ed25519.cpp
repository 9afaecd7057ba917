#include "ledger/crypto/ed25519.hpp"

#include <sodium.h>

#include "ledger/base/invariant.hpp"
#include "ledger/crypto/sha256.hpp"

namespace ledger {

Ed25519Signer::Ed25519Signer(const KeySeed& seed) {
  invariant(sodium_init() >= 0, "libsodium starts");
  crypto_sign_seed_keypair(public_key_.data(), secret_key_.data(), seed.data());
}

Ed25519Signer::~Ed25519Signer() { sodium_memzero(secret_key_.data(), secret_key_.size()); }

Signature Ed25519Signer::sign(BytesView message) {
  Signature out;
  crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), secret_key_.data());
  return out;
}

bool Ed25519Verifier::verify(const PublicKey& key, BytesView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

CachedVerifier::CachedVerifier(Verifier& inner, std::size_t capacity)
    : inner_(inner), half_(capacity / 2) {}

bool CachedVerifier::verify(const PublicKey& key, BytesView message, const Signature& signature) {
  // Key and signature have fixed lengths, so the concatenation is unambiguous.
  const Hash id = sha256({key, signature, message});
  if (young_.contains(id) || old_.contains(id)) return true;
  if (!inner_.verify(key, message, signature)) return false;
  if (young_.size() >= half_) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_.insert(id);
  return true;
}

}  // namespace ledger
