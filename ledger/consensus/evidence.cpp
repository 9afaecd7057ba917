#include "ledger/consensus/evidence.hpp"

#include <map>

namespace ledger {
namespace {

bool equivocate(const Vote& a, const Vote& b) {
  return a.type == b.type && a.round == b.round &&
         (a.value != b.value || a.valid_round != b.valid_round);
}

bool forgets(const Vote& precommit, const Vote& prevote) {
  return precommit.type == VoteType::precommit && prevote.type == VoteType::prevote &&
         precommit.value && prevote.value && *precommit.value != *prevote.value &&
         prevote.round > precommit.round &&
         prevote.valid_round < static_cast<std::int64_t>(precommit.round);
}

bool contradict(const Proposal& a, const Proposal& b) {
  return a.proposer == b.proposer && a.height == b.height && a.round == b.round &&
         statement_of(a) != statement_of(b);
}

Evidence evidence_of(Bytes first, Bytes second) {
  if (second < first) std::swap(first, second);
  return {std::move(first), std::move(second)};
}

// Two votes, or two proposals, and whose they are.
template <class Statement>
Decoded<ValidatorId> judge(const Statement& first, const Statement& second, ValidatorId validator,
                           const Hash& chain_id, const ValidatorSet& validators,
                           Verifier& verifier) {
  if (!contradict(first, second)) return tl::unexpected(ConsensusFault::malformed);
  for (const Statement* statement : {&first, &second}) {
    const auto held = verify_statement(statement_of(*statement), validator, statement->signature,
                                       chain_id, validators, verifier);
    if (!held) return tl::unexpected(held.error());
  }
  return validator;
}

}  // namespace

bool contradict(const Vote& one, const Vote& other) {
  return one.validator == other.validator && one.height == other.height &&
         (equivocate(one, other) || forgets(one, other) || forgets(other, one));
}

std::vector<Evidence> contradictions(const std::vector<Vote>& votes) {
  std::map<std::pair<ValidatorId, std::uint64_t>, std::vector<const Vote*>> by_validator;
  for (const Vote& vote : votes) by_validator[{vote.validator, vote.height}].push_back(&vote);
  std::vector<Evidence> out;
  for (const auto& [who, said] : by_validator)
    for (std::size_t i = 0; i < said.size(); ++i)
      for (std::size_t k = 0; k < i; ++k)
        if (contradict(*said[i], *said[k]))
          out.push_back(evidence_of(encode(*said[i]), encode(*said[k])));
  return out;
}

Decoded<ValidatorId> verify_evidence(const Evidence& evidence, const Hash& chain_id,
                                     const ValidatorSet& validators, Verifier& verifier) {
  const auto vote = decode_vote(evidence.first), other_vote = decode_vote(evidence.second);
  if (vote && other_vote)
    return judge(*vote, *other_vote, vote->validator, chain_id, validators, verifier);
  const auto proposal = decode_signed_proposal(evidence.first),
             other_proposal = decode_signed_proposal(evidence.second);
  if (proposal && other_proposal)
    return judge(*proposal, *other_proposal, proposal->proposer, chain_id, validators, verifier);
  return tl::unexpected(ConsensusFault::malformed);
}

}  // namespace ledger
