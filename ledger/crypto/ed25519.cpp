#include "ledger/crypto/ed25519.hpp"

#include <algorithm>
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

std::vector<std::uint8_t> Verifier::verify_all(std::span<const SignatureClaim> claims) {
  std::vector<std::uint8_t> holds;
  for (const SignatureClaim& c : claims) holds.push_back(verify(c.key, c.message, c.signature));
  return holds;
}

bool Ed25519Verifier::verify(const PublicKey& key, BytesView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

namespace {

constexpr std::size_t few_claims = 8;

// Key and signature have fixed lengths, so the concatenation is unambiguous.
Hash id_of(const PublicKey& key, BytesView message, const Signature& signature) {
  return sha256({key, signature, message});
}

}  // namespace

CachedVerifier::CachedVerifier(Verifier& inner, std::size_t capacity, Workers workers)
    : inner_(inner), half_(capacity / 2), workers_(std::move(workers)) {}

bool CachedVerifier::verify(const PublicKey& key, BytesView message, const Signature& signature) {
  const Hash id = id_of(key, message, signature);
  if (knows(id)) return true;
  if (!inner_.verify(key, message, signature)) return false;
  remember(id);
  return true;
}

std::vector<std::uint8_t> CachedVerifier::verify_all(std::span<const SignatureClaim> claims) {
  std::vector<std::uint8_t> holds(claims.size(), 1);
  std::vector<std::pair<std::size_t, Hash>> unknown;
  for (std::size_t i = 0; i < claims.size(); ++i)
    if (const Hash id = id_of(claims[i].key, claims[i].message, claims[i].signature); !knows(id))
      unknown.emplace_back(i, id);
  // A few slices a thread even out how soon each comes to its work; few claims wake nobody.
  const bool few = unknown.size() < few_claims;
  const std::size_t slices = few ? 1 : 4 * workers_.threads;
  (few ? calling_thread() : workers_).run(slices, [&](std::size_t slice) {
    const std::size_t end = unknown.size() * (slice + 1) / slices;
    for (std::size_t u = unknown.size() * slice / slices; u < end; ++u) {
      const SignatureClaim& c = claims[unknown[u].first];
      holds[unknown[u].first] = inner_.verify(c.key, c.message, c.signature);
    }
  });
  for (const auto& [i, id] : unknown)
    if (holds[i]) remember(id);
  return holds;
}

void CachedVerifier::remember(const Hash& id) {
  if (young_.size() >= half_) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_.insert(id);
}

}  // namespace ledger
