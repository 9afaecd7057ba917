#pragma once
// Watches what validators sign: two different statements for one step are a violation.

#include <map>
#include <string>
#include <vector>

#include "ledger/consensus/messages.hpp"

namespace test {

class StatementWatch {
 public:
  StatementWatch(ledger::Hash chain_id, std::vector<ledger::PublicKey> validators)
      : chain_id_(chain_id), validators_(std::move(validators)) {}

  // The body of a consensus message from anybody; what is no vote or proposal, or is not signed by
  // whom it names, says nothing about that validator.
  void hear(ledger::BytesView body) {
    if (const auto vote = ledger::decode_vote(body)) {
      add(vote->validator, ledger::statement_of(*vote), vote->signature);
      return;
    }
    const auto proposal = ledger::decode_proposal(body, ledger::default_max_value_bytes);
    if (proposal) add(proposal->proposer, ledger::statement_of(*proposal), proposal->signature);
  }

  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t statements() const { return first_.size(); }

 private:
  void add(ledger::ValidatorId who, const ledger::Bytes& statement,
           const ledger::Signature& signature) {
    if (who.value >= validators_.size()) return;
    // Kind, height and round are the same 13 bytes in all three.
    ledger::Bytes step(statement.begin() + 1, statement.begin() + 14);
    step.push_back(static_cast<std::uint8_t>(who.value));
    const auto known = first_.find(step);
    if (known != first_.end() && known->second == statement) return;
    if (!verifier_.verify(validators_[who.value], ledger::signed_bytes(chain_id_, statement),
                          signature))
      return;
    if (known != first_.end())
      violations_.push_back("validator " + std::to_string(who.value) +
                            " signed two statements for one step: " + ledger::to_hex(statement) +
                            " and " + ledger::to_hex(known->second));
    first_.try_emplace(std::move(step), statement);
  }

  ledger::Hash chain_id_;
  std::vector<ledger::PublicKey> validators_;
  ledger::Ed25519Verifier verifier_;
  std::map<ledger::Bytes, ledger::Bytes> first_;
  std::vector<std::string> violations_;
};

}  // namespace test
