#pragma once
// Re-execution of the public log with its restricted openings (R4, R5).

#include "market/audit/openings.hpp"
#include "market/audit/public_log.hpp"
#include "market/market_state.hpp"

namespace market {

// Executes every block anew and compares each state root with the next header's, the last with the
// checkpoint's. `broken` gets the first invariant that does not hold after a block, and where.
Result<void> check_execution(const PublicLog& log, const Openings& openings, Verifier& verifier,
                             std::string& broken);

// A transaction of the log with its restricted openings put back.
Result<Transaction> whole_transaction(const PublicLog& log, const Openings& openings,
                                      std::uint64_t entry);

}  // namespace market
