#pragma once
// Ed25519 signatures (RFC 8032) by libsodium, behind two interfaces that a host injects.

#include <array>
#include <memory>
#include <span>
#include <unordered_set>
#include <vector>

#include "ledger/base/bytes.hpp"
#include "ledger/base/workers.hpp"

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

// A signature, and what it is said to be of.
struct SignatureClaim {
  PublicKey key{};
  Bytes message;
  Signature signature{};
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual bool verify(const PublicKey& key, BytesView message, const Signature& signature) = 0;
  // Each on its own, in their order; 1 where it holds.
  virtual std::vector<std::uint8_t> verify_all(std::span<const SignatureClaim> claims);
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

// Remembers what was found valid, so that a signature is checked once, by a node that meets it
// again or by a process that hosts many nodes. Many together are checked by all workers at the same
// time, for which the inner verifier must be fit. Bounded: forgets the older half when full.
class CachedVerifier final : public Verifier {
 public:
  explicit CachedVerifier(Verifier& inner, std::size_t capacity = 1 << 16,
                          Workers workers = calling_thread());
  bool verify(const PublicKey& key, BytesView message, const Signature& signature) override;
  std::vector<std::uint8_t> verify_all(std::span<const SignatureClaim> claims) override;

 private:
  bool knows(const Hash& id) const { return young_.contains(id) || old_.contains(id); }
  void remember(const Hash& id);

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
  Workers workers_;
  Seen young_, old_;
};

}  // namespace ledger
