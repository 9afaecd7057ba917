#pragma once
// The votes of one height. Every signature has been checked by who adds here. One vote of each
// validator, round and type counts; a second one that says something else is a conflict and is
// not counted. Prevotes for one value make a quorum only where they name one valid round: its
// correct members vouch that the quorum of that round was there. Votes of all rounds stay until the
// height ends, since precommits of an earlier round may still complete a decision.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ledger/consensus/messages.hpp"
#include "ledger/consensus/validator_set.hpp"

namespace ledger {

class VoteKeeper {
 public:
  explicit VoteKeeper(const ValidatorSet& validators);

  enum class Added { fresh, again, conflict };
  // vote.validator is in the set.
  Added add(const Vote& vote);
  // Adds the votes of a verified certificate and keeps it: it proves its quorum also where a
  // validator told us something else before.
  void add(const Certificate& certificate);

  const Vote* find(VoteType type, std::uint32_t round, ValidatorId validator) const;
  // All kept votes of a round and type, ascending by validator.
  std::vector<Vote> votes(VoteType type, std::uint32_t round) const;

  bool quorum_of_any(VoteType type, std::uint32_t round) const;
  bool quorum_for(VoteType type, std::uint32_t round, const std::optional<Hash>& value) const;
  // The value, not nil, that has a quorum in the round.
  std::optional<Hash> quorum_value(VoteType type, std::uint32_t round) const;
  std::optional<Certificate> certificate(VoteType type, std::uint32_t round,
                                         const Hash& value) const;

  // What one validator said before that this vote of it contradicts (evidence.hpp).
  const Vote* contradiction(const Vote& vote) const;

  struct Quorum {
    std::uint32_t round;
    Hash value;
  };
  // A round and value with a quorum of precommits.
  const std::optional<Quorum>& commit() const { return commit_; }
  // The highest round with a quorum of prevotes for a value.
  const std::optional<Quorum>& prevoted() const { return prevoted_; }

  // A validator said something in a round, kept here or not.
  void saw(ValidatorId validator, std::uint32_t round);
  // The highest round that f+1 validators have reached; no_round before that.
  std::int64_t round_of_f_plus_one() const { return skip_round_; }

 private:
  struct Count {
    std::optional<Hash> value;
    std::int32_t valid_round;
    std::uint32_t votes;
  };
  struct Tally {
    std::vector<std::optional<Vote>> votes;  // by validator
    std::uint32_t count = 0;
    std::vector<Count> counts;
    std::optional<Certificate> certificate;
  };
  Tally& tally(VoteType type, std::uint32_t round);
  const Tally* find_tally(VoteType type, std::uint32_t round) const;
  const Count* find_quorum(const Tally& tally, const std::optional<Hash>& value) const;
  void note_quorum(VoteType type, std::uint32_t round, const Hash& value);

  std::uint32_t size_, quorum_, faulty_;
  std::map<std::uint32_t, std::array<Tally, 2>> rounds_;
  std::optional<Quorum> commit_, prevoted_;
  std::vector<std::int64_t> highest_round_;  // by validator
  std::int64_t skip_round_ = no_round;
};

}  // namespace ledger
