#pragma once
// What holds of every settlement, whatever made it: an assertion that stays on in the state
// machine, beside the audit's own (market/audit/invariants.hpp).
//
//   energy   bought = sold in all; of each account at most contracted and metered, nothing where
//            its mark does not trade
//   tokens   minted <= exported; retired <= bought
//   capacity the month's peak follows from the one before; it costs nothing where it stays
//   money    each total is the sum of its lines; what postings move from or to an account is its
//            total; debits = credits, and nothing stays at the exchange

#include <string>

#include "market/settlement/settlement.hpp"

namespace market {

// The first that does not hold, in words; empty where all do. Of the statements' postings alone: a
// ruling's or a departure's are not among them.
std::string broken_invariant(const Settlement& settlement);

}  // namespace market
