#pragma once
// Attestations on a public log (R9), with nobody's word for them: each is of a batch or marks that
// stand before it, signed by as many different oracles of genesis as it wants. Nothing is opened.

#include <optional>

#include "ledger/oracle/attestation.hpp"
#include "market/audit/public_log.hpp"

namespace market {

struct AttestationsChecked {
  std::size_t attested = 0, unattested = 0;  // batches and marks
};
Result<AttestationsChecked> check_attestations(const PublicLog& log, Verifier& verifier);

// "; attested by oracles 0, 2 and 3" of a batch or marks; empty where nobody did.
std::string who_attested(const PublicLog& log, const std::optional<AttestedEntry>& what);

}  // namespace market
