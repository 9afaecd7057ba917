#include "ledger/consensus/verification.hpp"

namespace ledger {
namespace {

// Whose a signed statement is and what for, and the statement as it was signed.
struct Accusation {
  std::uint8_t kind;
  std::uint64_t height;
  std::uint32_t round;
  ValidatorId validator;
  Bytes statement;
  Signature signature;
};

Decoded<Accusation> read_accusation(BytesView bytes) {
  if (const auto vote = decode_vote(bytes))
    return Accusation{static_cast<std::uint8_t>(vote->type),
                      vote->height,
                      vote->round,
                      vote->validator,
                      statement_of(*vote),
                      vote->signature};
  const auto proposal = decode_signed_proposal(bytes);
  if (!proposal) return tl::unexpected(proposal.error());
  return Accusation{bytes[1],           proposal->height,        proposal->round,
                    proposal->proposer, statement_of(*proposal), proposal->signature};
}

bool same_step(const Accusation& a, const Accusation& b) {
  return a.kind == b.kind && a.height == b.height && a.round == b.round &&
         a.validator == b.validator;
}

}  // namespace

Checked verify_statement(BytesView statement, ValidatorId validator, const Signature& signature,
                         const Hash& chain_id, const ValidatorSet& validators, Verifier& verifier) {
  if (!validators.holds(validator)) return tl::unexpected(ConsensusFault::unknown_validator);
  if (!verifier.verify(validators.key(validator), signed_bytes(chain_id, statement), signature))
    return tl::unexpected(ConsensusFault::bad_signature);
  return {};
}

Checked verify_vote(const Vote& vote, const Hash& chain_id, const ValidatorSet& validators,
                    Verifier& verifier) {
  return verify_statement(statement_of(vote), vote.validator, vote.signature, chain_id, validators,
                          verifier);
}

Checked verify_certificate(const Certificate& certificate, const Hash& chain_id,
                           const ValidatorSet& validators, Verifier& verifier) {
  if (certificate.votes.size() < validators.quorum())
    return tl::unexpected(ConsensusFault::bad_certificate);
  const Vote* previous = nullptr;
  const std::vector<Vote> votes = votes_of(certificate);
  for (const Vote& vote : votes) {
    if (previous && vote.validator <= previous->validator)
      return tl::unexpected(ConsensusFault::bad_certificate);
    if (const auto held = verify_vote(vote, chain_id, validators, verifier); !held) return held;
    previous = &vote;
  }
  return {};
}

Checked verify_decision(const Decision& decision, const Hash& chain_id,
                        const ValidatorSet& validators, Verifier& verifier) {
  if (decision.certificate.type != VoteType::precommit)
    return tl::unexpected(ConsensusFault::bad_certificate);
  const auto held = verify_certificate(decision.certificate, chain_id, validators, verifier);
  if (!held) return held;
  const Certificate& certificate = decision.certificate;
  const auto header = read_value(decision.value, certificate.value, certificate.height);
  if (!header) return tl::unexpected(header.error());
  return {};
}

Decoded<ValidatorId> verify_evidence(const Evidence& evidence, const Hash& chain_id,
                                     const ValidatorSet& validators, Verifier& verifier) {
  const auto first = read_accusation(evidence.first);
  const auto second = read_accusation(evidence.second);
  if (!first || !second) return tl::unexpected(ConsensusFault::malformed);
  if (!same_step(*first, *second) || first->statement == second->statement)
    return tl::unexpected(ConsensusFault::malformed);
  for (const Accusation* accusation : {&*first, &*second}) {
    const auto held = verify_statement(accusation->statement, accusation->validator,
                                       accusation->signature, chain_id, validators, verifier);
    if (!held) return tl::unexpected(held.error());
  }
  return first->validator;
}

std::vector<Vote> votes_of(const Certificate& certificate) {
  std::vector<Vote> out;
  out.reserve(certificate.votes.size());
  for (const CertificateVote& vote : certificate.votes)
    out.push_back({certificate.type, certificate.height, certificate.round, certificate.value,
                   vote.valid_round, vote.validator, vote.signature});
  return out;
}

}  // namespace ledger
