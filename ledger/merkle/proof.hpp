#pragma once
// Verification of log proofs as pure functions (RFC 9162 sections 2.1.3.2 and 2.1.4.2).

#include <span>

#include "ledger/base/bytes.hpp"

namespace ledger {

// Whether the leaf stands at `index` of the log with that size and root.
bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                      std::span<const Hash> proof, const Hash& root);

// Whether the log of size2 extends the one of size1. Equal sizes: equal roots and an empty proof.
// Every log extends the empty one, so size1 = 0 proves nothing and is refused.
bool verify_consistency(std::uint64_t size1, std::uint64_t size2, const Hash& root1,
                        const Hash& root2, std::span<const Hash> proof);

}  // namespace ledger
