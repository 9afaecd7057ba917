#pragma once
// What simulated validators are made of: modelled keys and signatures, a configuration that suits
// 50 ms links and 1-second blocks, blocks without transactions, and a small state that blocks
// continue.

#include <map>

#include "ledger/consensus/driver.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace consensus_sim {

// Modelled signatures: a hash that anybody can make. The simulator's nodes make their own only.
ledger::PublicKey key_of(std::uint32_t validator);
class ModelSigner final : public ledger::Signer {
 public:
  explicit ModelSigner(std::uint32_t validator) : key_(key_of(validator)) {}
  const ledger::PublicKey& public_key() const override { return key_; }
  ledger::Signature sign(ledger::BytesView message) override;

 private:
  ledger::PublicKey key_;
};
class ModelVerifier final : public ledger::Verifier {
 public:
  bool verify(const ledger::PublicKey& key, ledger::BytesView message,
              const ledger::Signature& signature) override;
};

ledger::ConsensusConfig config_of(std::uint32_t validators);

// A block without transactions; the nonce makes it another one.
ledger::Bytes block_of(std::uint64_t height, std::int64_t time_ms, ledger::ValidatorId proposer,
                       std::uint64_t nonce);

// The state that a node keeps: a log of the decided blocks' ids and a hash chain over them. A block
// names both in its header, as they were before it.
struct Application {
  std::uint64_t height = 0;
  std::int64_t time_ms = 0;
  ledger::Hash last_id{}, state_root{};
  ledger::LogTree log;

  ledger::Bytes next_block(std::int64_t time_ms, ledger::ValidatorId proposer,
                           std::uint64_t nonce) const;
  // A block that the application refuses, though its form is right.
  ledger::Bytes bad_block(std::int64_t time_ms, ledger::ValidatorId proposer,
                          std::uint64_t nonce) const;
  bool continues(ledger::BytesView block) const;
  void apply(ledger::BytesView block);
};

}  // namespace consensus_sim
