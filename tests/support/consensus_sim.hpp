#pragma once
// A deterministic network of consensus drivers for tests: one event heap, one seed, virtual time.
// Messages are delayed, lost, repeated and cut off by partitions; correct validators crash in the
// middle of a step and restart from what was durable; Byzantine ones are silent, run as twins that
// share a key, or sign whatever they like. Checkers watch every effect.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ledger/base/rng.hpp"
#include "ledger/consensus/driver.hpp"

namespace consensus_sim {

enum class Fault : std::uint8_t { none, silent, twins, chaotic };

struct Options {
  std::uint64_t seed = 1;
  std::uint32_t validators = 4;
  std::uint32_t observers = 1;
  std::vector<Fault> faults;  // of the last validators; as many as are Byzantine
  double loss = 0, repetition = 0;
  bool partitions = false, crashes = false;
  ledger::Duration max_delay = ledger::milliseconds(60);
  ledger::Duration clock_offset = ledger::milliseconds(100);  // at most, both ways
  ledger::Duration healed = ledger::seconds(15);              // faults of the network end here
  ledger::Duration end = ledger::seconds(40);
  // Defects planted on purpose, so that tests see the checkers fire.
  bool forget_records = false;
};

struct Report {
  std::vector<std::string> violations;
  std::uint64_t trace = 0;           // equal for equal runs
  std::uint64_t height_at_heal = 0;  // the highest of a correct node
  std::uint64_t lowest_height = 0;   // of a correct node, at the end
  std::uint64_t messages = 0, crashes = 0;
  std::uint32_t highest_round = 0;   // that decided
  std::set<std::uint32_t> culprits;  // named by verified evidence
};

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

Report run(const Options& options);

}  // namespace consensus_sim
