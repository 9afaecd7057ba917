#pragma once
// What a regulator decides without trusting the operator: checks R1 to R12 on a ledger's files.

#include "ledger/crypto/ed25519.hpp"
#include "market/audit/files.hpp"

namespace market {

enum class CheckResult : std::uint8_t { holds, fails, not_checkable };

struct AuditCheck {
  std::string id;  // "R1"
  std::string name;
  CheckResult result = CheckResult::not_checkable;
  std::string detail;  // what is wrong, or why it cannot be checked
};

struct AuditInput {
  FileSet log;                      // paths below log/
  std::optional<FileSet> openings;  // paths below openings/
  std::string trusted_policy;       // empty: the directory's own
};

// All twelve, in order. A check that rests on one that fails is not checkable.
std::vector<AuditCheck> audit(const AuditInput& input, ledger::Verifier& verifier);

}  // namespace market
