#pragma once
// What one validator cannot both have said, whoever it is about:
//
//   equivocation   two statements of one kind for one height and round that differ
//   amnesia        a precommit of x in round r, and a prevote of another value in a later round
//                  whose valid round is below r, or none
//
// A correct validator does neither: after precommitting x in round r it prevotes another value only
// on a proposal whose valid round is r or later (round_machine.hpp).
//
// A fork names its makers. Let x be decided in round r by a quorum of precommits, and another value
// y in r or later, with at most 2f Byzantine validators, so that every quorum holds a correct one.
// In round r itself f+1 validators precommitted both. Else take the first later round with a quorum
// of prevotes, all with one valid round v, for a value that is not x: its correct member had seen
// the quorum of v, so v is r or less. If v is r, f+1 validators prevoted two values in round r;
// if it is less, the f+1 or more validators in both quorums have left x without a reason. Either
// way the pair of signed votes is the proof, and nothing has to be taken on trust.

#include "ledger/consensus/verification.hpp"

namespace ledger {

bool contradict(const Vote& one, const Vote& other);

// Each pair of these votes that is evidence; their signatures have been checked.
std::vector<Evidence> contradictions(const std::vector<Vote>& votes);

// Who is guilty: both statements are that validator's and contradict each other. Only votes can be
// amnesia; two proposals of one round can be equivocation.
Decoded<ValidatorId> verify_evidence(const Evidence& evidence, const Hash& chain_id,
                                     const ValidatorSet& validators, Verifier& verifier);

}  // namespace ledger
