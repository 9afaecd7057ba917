#include "ledger/consensus/round_machine.hpp"

namespace ledger {

void RoundMachine::enter(std::uint32_t round) {
  round_ = round;                  // L12
  step_ = Step::propose;           // L13
  prevote_timeout_armed_ = false;  // "for the first time" in L34 and L47 is meant for each round
  precommit_timeout_armed_ = false;
}

void RoundMachine::resume(std::uint32_t round, Step step, const std::optional<Mark>& lock) {
  enter(round);
  step_ = step;
  locked_ = lock;
  valid_ = lock;
  // What was precommitted before the lock is not recorded: as if it were another value.
  if (lock) left_round_ = std::int64_t{lock->round} - 1;
}

std::optional<RoundAction> RoundMachine::next(const VoteKeeper& votes, const ProposalBook& book) {
  if (auto found = decide(votes, book)) return found;
  if (step_ == Step::waiting) return std::nullopt;
  learn_valid(votes, book);
  if (auto found = skip_round(votes)) return found;
  if (auto found = prevote_proposal(votes, book)) return found;
  if (auto found = precommit_value(votes, book)) return found;
  if (auto found = precommit_nil(votes)) return found;
  if (auto found = arm_prevote_timeout(votes)) return found;
  return arm_precommit_timeout(votes);
}

// L42, L43, and for rounds that are over.
void RoundMachine::learn_valid(const VoteKeeper& votes, const ProposalBook& book) {
  const auto& quorum = votes.prevoted();
  if (!quorum || quorum->round > round_ || (valid_ && valid_->round >= quorum->round)) return;
  if (book.validity(quorum->value) == Validity::valid) valid_ = Mark{quorum->round, quorum->value};
}

// L49: a quorum of precommits for a valid value in any round. Which proposal brought the value
// does not matter: the quorum speaks of its hash.
RoundMachine::Found RoundMachine::decide(const VoteKeeper& votes, const ProposalBook& book) const {
  const auto& commit = votes.commit();
  if (!commit || book.validity(commit->value) != Validity::valid) return std::nullopt;
  return DecideValue{commit->round, commit->value};
}

// L55: f+1 validators are in a later round, so a correct one is. They need not be in the same one.
RoundMachine::Found RoundMachine::skip_round(const VoteKeeper& votes) const {
  const std::int64_t reached = votes.round_of_f_plus_one();
  if (reached <= round_) return std::nullopt;
  return EnterRound{static_cast<std::uint32_t>(reached)};
}

// L22 for a new value, L28 for one with a valid round.
RoundMachine::Found RoundMachine::prevote_proposal(const VoteKeeper& votes,
                                                   const ProposalBook& book) {
  const ProposalBook::Entry* entry = book.find(round_);
  if (step_ != Step::propose || !entry) return std::nullopt;
  const Proposal& proposal = entry->proposal;
  const std::int32_t valid_round = proposal.valid_round;
  const bool fresh = valid_round == no_round;
  // L28 waits for the quorum of the valid round; with the certificate carried it is there at once.
  if (!fresh && !votes.quorum_for(VoteType::prevote, static_cast<std::uint32_t>(valid_round),
                                  proposal.value_id))
    return std::nullopt;
  if (fresh && !entry->timely) return prevote(std::nullopt, no_round);
  const Validity validity = book.validity(proposal.value_id);
  if (validity == Validity::unknown) return std::nullopt;
  if (validity == Validity::valid && may_prevote(proposal))
    return prevote(proposal.value_id, valid_round);
  return prevote(std::nullopt, no_round);
}

// L23, L29: nothing that we precommitted for another value is later than the valid round.
bool RoundMachine::may_prevote(const Proposal& proposal) const {
  if (!locked_) return true;
  if (locked_->value == proposal.value_id) return left_round_ <= proposal.valid_round;
  return std::int64_t{locked_->round} <= proposal.valid_round;
}

// L36: a quorum prevoted a valid value in this round.
RoundMachine::Found RoundMachine::precommit_value(const VoteKeeper& votes,
                                                  const ProposalBook& book) {
  if (step_ != Step::prevote) return std::nullopt;
  const auto value = votes.quorum_value(VoteType::prevote, round_);
  if (!value || book.validity(*value) != Validity::valid) return std::nullopt;
  if (locked_ && locked_->value != *value) left_round_ = locked_->round;
  locked_ = Mark{round_, *value};  // L38, L39
  return precommit(value);         // L40, L41
}

// L44
RoundMachine::Found RoundMachine::precommit_nil(const VoteKeeper& votes) {
  if (step_ != Step::prevote) return std::nullopt;
  if (!votes.quorum_for(VoteType::prevote, round_, std::nullopt)) return std::nullopt;
  return precommit(std::nullopt);
}

// L34
RoundMachine::Found RoundMachine::arm_prevote_timeout(const VoteKeeper& votes) {
  if (step_ != Step::prevote || prevote_timeout_armed_) return std::nullopt;
  if (!votes.quorum_of_any(VoteType::prevote, round_)) return std::nullopt;
  prevote_timeout_armed_ = true;
  return ArmTimeout{TimeoutKind::prevote};
}

// L47
RoundMachine::Found RoundMachine::arm_precommit_timeout(const VoteKeeper& votes) {
  if (precommit_timeout_armed_) return std::nullopt;
  if (!votes.quorum_of_any(VoteType::precommit, round_)) return std::nullopt;
  precommit_timeout_armed_ = true;
  return ArmTimeout{TimeoutKind::precommit};
}

std::optional<RoundAction> RoundMachine::timeout(TimeoutKind kind, std::uint32_t round) {
  if (round != round_ || step_ == Step::waiting) return std::nullopt;
  switch (kind) {
    case TimeoutKind::propose:  // L57
      if (step_ != Step::propose) return std::nullopt;
      return prevote(std::nullopt, no_round);
    case TimeoutKind::prevote:  // L61
      if (step_ != Step::prevote) return std::nullopt;
      return precommit(std::nullopt);
    case TimeoutKind::precommit:  // L65
      if (round_ == max_round) return std::nullopt;
      return EnterRound{round_ + 1};
  }
  return std::nullopt;
}

CastVote RoundMachine::prevote(const std::optional<Hash>& value, std::int32_t valid_round) {
  step_ = Step::prevote;
  return {VoteType::prevote, value, valid_round};
}

CastVote RoundMachine::precommit(const std::optional<Hash>& value) {
  step_ = Step::precommit;
  return {VoteType::precommit, value, no_round};
}

}  // namespace ledger
