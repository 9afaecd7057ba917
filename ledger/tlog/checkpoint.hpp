#pragma once
// C2SP tlog-checkpoint: origin, size and root of the log, one a line, and one extension line of
// ours:
//
//   <origin>
//   <size>
//   <base64 of the root>
//   state <base64 of the state root after the last entry>
//
// as a signed note: the log's own line first, then validators' cosignatures in the policy's order.

#include "ledger/tlog/note.hpp"
#include "ledger/tlog/policy.hpp"

namespace ledger {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
  Hash state_root{};
};

std::string checkpoint_text(const Checkpoint& checkpoint);
// Refuses any text but one that checkpoint_text gives for an origin that can name a key.
Result<Checkpoint> parse_checkpoint(std::string_view text);

// A whole signed checkpoint against a policy, strictly: origin and log line as in the policy, then
// lines of the policy's witnesses only, in its order, none twice, each valid, and a quorum of them.
Result<Checkpoint> check_checkpoint(std::string_view note, const Policy& policy,
                                    Verifier& verifier);

}  // namespace ledger
