#pragma once
// How far the ledger has come with a gateway: the epoch of its last batch that is there, and the
// slot before which all of its marks are there or too late. Batches and marks come in order, so two
// numbers answer for all that was posted.

#include "ledger/oracle/attestation.hpp"

namespace ledger {

struct LedgerProgress {
  std::uint32_t epoch = 0, slots = 0;

  auto operator<=>(const LedgerProgress&) const = default;
  // Whether the entry's place is taken, by this entry or another one, or closed.
  bool is_beyond(const AttestedEntry& what) const { return comes_to(what, 0); }
  // The same of a ledger that is so many batches, or slots, farther.
  bool comes_to(const AttestedEntry& what, std::uint32_t more) const {
    const std::uint64_t next =
        what.kind == TransactionKind::batch ? std::uint64_t{epoch} + 1 : std::uint64_t{slots};
    return what.number < next + more;
  }
};

}  // namespace ledger
