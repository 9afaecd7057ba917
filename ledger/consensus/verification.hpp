#pragma once
// Checks that need keys: what anybody who holds the validator set can decide from bytes alone.

#include "ledger/consensus/messages.hpp"
#include "ledger/consensus/validator_set.hpp"

namespace ledger {

using Checked = tl::expected<void, ConsensusFault>;

// A statement is its validator's: unknown_validator or bad_signature otherwise.
Checked verify_statement(BytesView statement, ValidatorId validator, const Signature& signature,
                         const Hash& chain_id, const ValidatorSet& validators, Verifier& verifier);
Checked verify_vote(const Vote& vote, const Hash& chain_id, const ValidatorSet& validators,
                    Verifier& verifier);

// At least a quorum of distinct validators signed, and every signature holds.
Checked verify_certificate(const Certificate& certificate, const Hash& chain_id,
                           const ValidatorSet& validators, Verifier& verifier);

// The certificate holds, and the value is the whole block that it is about.
Checked verify_decision(const Decision& decision, const Hash& chain_id,
                        const ValidatorSet& validators, Verifier& verifier);

// The votes that a certificate is made of.
std::vector<Vote> votes_of(const Certificate& certificate);

}  // namespace ledger
