#include "ledger/consensus/verification.hpp"

namespace ledger {

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

std::vector<Vote> votes_of(const Certificate& certificate) {
  std::vector<Vote> out;
  out.reserve(certificate.votes.size());
  for (const CertificateVote& vote : certificate.votes)
    out.push_back({certificate.type, certificate.height, certificate.round, certificate.value,
                   vote.valid_round, vote.validator, vote.signature});
  return out;
}

}  // namespace ledger
