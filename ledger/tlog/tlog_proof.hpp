#pragma once
// C2SP tlog-proof: that an entry stands in a log, checkable offline against a policy.
//
//   c2sp.org/tlog-proof@v1
//   index <n>
//   <base64 of a sibling hash>   each, leaf to root
//   (empty line)
//   <signed checkpoint>

#include "ledger/tlog/checkpoint.hpp"

namespace ledger {

struct TlogProof {
  std::uint64_t index = 0;
  std::vector<Hash> siblings;
  std::string checkpoint;  // signed note
};

std::string write_tlog_proof(const TlogProof& proof);
// Refuses any text but one that write_tlog_proof gives.
Result<TlogProof> parse_tlog_proof(std::string_view text);

// Checkpoint by the policy, then inclusion of the entry. The error says which of them fails.
Result<void> verify_tlog_proof(const TlogProof& proof, BytesView entry, const Policy& policy,
                               Verifier& verifier);

}  // namespace ledger
