#pragma once
// Ed25519 signatures (RFC 8032) by libsodium, behind two interfaces that a host injects.

#include <array>
#include <memory>
#include <unordered_set>

#include "ledger/base/bytes.hpp"

namespace ledger {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;
using KeySeed = std::array<std::uint8_t, 32>;  // the secret

class Signer {
 public:
  virtual ~Signer() = default;
  virtual const PublicKey& public_key() const = 0;
  virtual Signature sign(BytesView message) = 0;
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual bool verify(const PublicKey& key, BytesView message, const Signature& signature) = 0;
};

class Ed25519Signer final : public Signer {
 public:
  explicit Ed25519Signer(const KeySeed& seed);
  ~Ed25519Signer() override;  // wipes the secret
  const PublicKey& public_key() const override { return public_key_; }
  Signature sign(BytesView message) override;

 private:
  PublicKey public_key_{};
  std::array<std::uint8_t, 64> secret_key_{};
};

class Ed25519Verifier final : public Verifier {
 public:
  bool verify(const PublicKey& key, BytesView message, const Signature& signature) override;
};

// Remembers what was found valid, so that one process which hosts many simulated nodes checks a
// signature once. Bounded: it forgets the older half when full.
class CachedVerifier final : public Verifier {
 public:
  explicit CachedVerifier(Verifier& inner, std::size_t capacity = 1 << 16);
  bool verify(const PublicKey& key, BytesView message, const Signature& signature) override;

 private:
  struct FirstWord {
    std::size_t operator()(const Hash& h) const {
      std::size_t word;
      std::memcpy(&word, h.data(), sizeof word);
      return word;
    }
  };
  using Seen = std::unordered_set<Hash, FirstWord>;
  Verifier& inner_;
  std::size_t half_;
  Seen young_, old_;
};

}  // namespace ledger
