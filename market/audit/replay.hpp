#pragma once
// Re-execution of the public log with its restricted openings (R4, R5).

#include "ledger/chain/chain.hpp"
#include "market/audit/openings.hpp"
#include "market/audit/public_log.hpp"
#include "market/state/market_state.hpp"

namespace market {

// Executes every block anew and compares each state root with the next header's, the last with the
// checkpoint's. `broken` gets the first invariant that does not hold after a block, and where.
Result<void> check_execution(const PublicLog& log, const Openings& openings, Verifier& verifier,
                             std::string& broken);

// The chain after all its blocks, executed anew; `each`, where there is one, sees every block.
Result<Chain> executed_chain(
    const PublicLog& log, const Openings& openings, Verifier& verifier,
    const std::function<void(const Block&, const MarketState&)>& each = {});

// Where billing data were erased, blocks before cannot be executed anew. What is left is checked:
// every opening that is there, with the erased ones' leaves beside it, under its entry's root; each
// slot's book and clearing; of the others' statements the charges of the capacity tariff; the state
// after the last such erasure, as hashes under the root that the validators signed; and from there
// on every block.
struct WhatIsLeft {
  std::uint64_t whole = 0, partly = 0;  // entries with all openings, and with fewer
  std::uint64_t slots = 0;              // cleared anew
  std::uint64_t state_after = 0, blocks_after = 0;
};
Result<WhatIsLeft> check_what_is_left(const PublicLog& log, const Openings& openings,
                                      Verifier& verifier);

// The last of these states, from what was signed after the last erasure of billing data.
Result<BareState> state_after(const PublicLog& log, const Openings& openings, Verifier& verifier);

// A transaction of the log with those of its restricted openings that are left.
Result<Transaction> opened_part(const PublicLog& log, const Openings& openings,
                                std::uint64_t entry);

// A transaction of the log with its restricted openings put back.
Result<Transaction> whole_transaction(const PublicLog& log, const Openings& openings,
                                      std::uint64_t entry);

}  // namespace market
