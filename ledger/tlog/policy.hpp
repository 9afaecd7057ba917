#pragma once
// The trust root as a C2SP tlog-policy of one form:
//
//   log <vkey>
//   witness <name> <vkey>            one a validator, in their order; the name is the key's own
//   group validators <k> <name>...   k: more than two thirds
//   quorum validators
//
// (c2sp.org/tlog-policy). The log's key is of type 0x01, witness keys are of type 0x04. No name or
// key stands twice, and no witness has the name of the group or "none". The log's own key carries
// no authority; the quorum does.

#include "ledger/chain/genesis.hpp"
#include "ledger/tlog/note.hpp"

namespace ledger {

struct Policy {
  NoteKey log;
  std::vector<NoteKey> witnesses;
  std::size_t quorum = 0;
};

// The least number that is more than two thirds of n.
constexpr std::size_t quorum_of(std::size_t n) { return 2 * n / 3 + 1; }

Policy policy_of(const Genesis& genesis);
std::string policy_text(const Policy& policy);
inline std::string policy_text(const Genesis& genesis) { return policy_text(policy_of(genesis)); }
// Refuses any text but one that policy_text gives for such a policy.
Result<Policy> parse_policy(std::string_view text);

}  // namespace ledger
