#pragma once
// The checkers: what must hold of correct nodes whatever fails, and what liveness is asked
// (consensus_sim.hpp).

#include <deque>
#include <map>
#include <unordered_map>

#include "tests/support/consensus_actor.hpp"

namespace consensus_sim {

class Checks {
 public:
  Checks(const Options& options, const ledger::ConsensusConfig& config, const Events& events,
         ledger::Verifier& verifier, Report& report);

  // All of correct nodes.
  void said(const Actor& actor, const ledger::Bytes& bytes);
  void heard(const ledger::Bytes& bytes);
  void decided(const Actor& actor, const ledger::Decided& decided);
  void applied(const Actor& actor, std::uint64_t log_size_before);
  void evidence(const ledger::EvidenceFound& found);

  void healed(const std::deque<Actor>& actors);
  // Once everybody is up again and has heard the others: rounds count from here.
  void settled(const std::deque<Actor>& actors);
  void ended(const std::deque<Actor>& actors);

  void violation(const std::string& what);
  bool forked() const { return report_.forked; }

 private:
  bool innocent(std::uint32_t validator) const;
  void name_culprits();

  const Options& options_;
  const ledger::ConsensusConfig& config_;
  const ledger::ValidatorSet validators_;
  const Events& events_;
  ledger::Verifier& verifier_;
  Report& report_;

  std::map<std::uint64_t, ledger::Hash> decided_;
  Application reference_;  // over the blocks first decided
  std::map<std::uint64_t, ledger::Hash> state_roots_;
  // By kind, height, round and validator.
  struct Step {
    std::uint64_t height, round_and_kind;
    std::uint32_t validator;
    auto operator<=>(const Step&) const = default;
  };
  std::map<Step, ledger::Bytes> signed_;
  bool keeps_testimony_;  // more than f are Byzantine: for the trial
  std::map<std::uint64_t, std::map<ledger::Bytes, ledger::Vote>> testimony_;
  std::optional<std::uint64_t> settled_height_;
  std::uint32_t settled_round_ = 0;
  ledger::Instant settled_at_;
};

}  // namespace consensus_sim
