#pragma once
// Tendermint's rules for one height: arXiv:1807.04938, Algorithm 1, whose line numbers stand at
// each rule (L11, L22 ...). A pure function of the messages known and the timeouts that fired. It
// neither signs nor sends: it returns what is to be done, one action at a time.
//
//   safety   a validator that precommits v in round r is locked on (v, r) and prevotes another
//            value only on a proposal whose valid round is r or later, with the quorum of that
//            round. The paper lets it prevote the value of a later lock on any proposal; here what
//            it left for that lock binds it as well, so that two votes tell a liar (evidence.hpp)
//   liveness rounds are joined when f+1 are seen in them; timeouts grow with the round; a quorum of
//            an earlier round that comes late still makes its value the valid one, so that the
//            next proposer of whoever is told of a hidden lock proposes it

#include <cstdint>
#include <optional>
#include <variant>

#include "ledger/consensus/proposal_book.hpp"
#include "ledger/consensus/vote_keeper.hpp"

namespace ledger {

enum class TimeoutKind : std::uint8_t { propose, prevote, precommit };

struct CastVote {
  VoteType type;
  std::optional<Hash> value;
  std::int32_t valid_round = no_round;
};
struct ArmTimeout {
  TimeoutKind kind;
};
struct EnterRound {
  std::uint32_t round;
};
struct DecideValue {
  std::uint32_t round;
  Hash value;
};
using RoundAction = std::variant<CastVote, ArmTimeout, EnterRound, DecideValue>;

class RoundMachine {
 public:
  enum class Step : std::uint8_t { waiting, propose, prevote, precommit };
  struct Mark {  // lockedValue with lockedRound, or validValue with validRound
    std::uint32_t round;
    Hash value;
  };

  // L11: StartRound. The caller arms the timeout and lets the proposer speak.
  void enter(std::uint32_t round);
  // Takes up where a restarted validator's record says that it stopped.
  void resume(std::uint32_t round, Step step, const std::optional<Mark>& lock);

  // The first rule that applies, carried out; nothing when none does. Before the first round only
  // a decision can come.
  std::optional<RoundAction> next(const VoteKeeper& votes, const ProposalBook& book);
  // L57 to L67. A timeout of another round, or of a step that is over, does nothing.
  std::optional<RoundAction> timeout(TimeoutKind kind, std::uint32_t round);

  std::uint32_t round() const { return round_; }
  Step step() const { return step_; }
  const std::optional<Mark>& locked() const { return locked_; }
  const std::optional<Mark>& valid() const { return valid_; }

 private:
  using Found = std::optional<RoundAction>;
  void learn_valid(const VoteKeeper& votes, const ProposalBook& book);
  bool may_prevote(const Proposal& proposal) const;
  Found decide(const VoteKeeper& votes, const ProposalBook& book) const;
  Found skip_round(const VoteKeeper& votes) const;
  Found prevote_proposal(const VoteKeeper& votes, const ProposalBook& book);
  Found precommit_value(const VoteKeeper& votes, const ProposalBook& book);
  Found precommit_nil(const VoteKeeper& votes);
  Found arm_prevote_timeout(const VoteKeeper& votes);
  Found arm_precommit_timeout(const VoteKeeper& votes);
  CastVote prevote(const std::optional<Hash>& value, std::int32_t valid_round);
  CastVote precommit(const std::optional<Hash>& value);

  std::uint32_t round_ = 0;
  Step step_ = Step::waiting;
  std::optional<Mark> locked_, valid_;
  std::int64_t left_round_ = no_round;  // of the last precommit for another value than the lock's
  bool prevote_timeout_armed_ = false, precommit_timeout_armed_ = false;
};

}  // namespace ledger
