#pragma once
// Gateways against their meters (R6, and what R7 says of meters): every batch opened.
//
// Of each batch: a record or an absence for every meter that its gateway has on the log and that is
// valid in the slot, none of another's but of points that left and that it has not left out yet;
// readings under each record's root; the meter's signature; the verdict that follows from the
// readings themselves; registers, sequences, counts, sums, quarantine. The gateway's own arrival
// times are on no record. A verdict may say that readings came late, and must say so where no
// arrival within the batch's interval would have been in time. Of each mark: registers and
// quarantine as the batches give them for the slot's end, none left out; and no slot that was
// settled without the marks that its batches had reached. Of a batch with erased records, the root
// with their leaves in place; its sums and its quarantine list cannot be made again, nor the marks
// of their meters. What the key before a meter's change signed counts until the next one has
// signed, at most for eight slots after the gateway first posted behind the change.

#include <optional>

#include "ledger/oracle/attestation.hpp"
#include "market/audit/openings.hpp"
#include "market/audit/public_log.hpp"

namespace market {

struct BatchesChecked {
  std::size_t batches = 0, readings = 0, gaps = 0, absences = 0;  // gaps: flagged in a verdict
  std::size_t erased = 0;  // records, of which only leaves are left
};

// `wrong`: gets the first batch or marks that do not hold, where it is one of these.
Result<BatchesChecked> check_batches(const PublicLog& log, const Openings& openings,
                                     Verifier& verifier,
                                     std::optional<AttestedEntry>* wrong = nullptr);

}  // namespace market
