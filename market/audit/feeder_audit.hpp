#pragma once
// Minted energy against the feeder's own meter (R8): ledger/oracle/feeder_evidence.hpp has the
// bound and its derivation; of several oracles' findings the median counts. Rests on R4, which
// holds findings to the marks that they are about.
//
// Of each feeder with a meter: what a slot minted is no more than what its homes exported, within a
// Wh a home (whole Wh of registers); that is within twice the margin of the bound in each slot, and
// within the bound itself in the sum of all slots.
//
// Energy that minted late, of several slots at once (a spanning mark, a release), counts in the sum
// alone. The bounds of its slots have the home's net draw as the mean of the others', so that with
// it they hold instead for
//   minted late <= bound + what the home imported - that mean, of each of the slots.

#include "market/audit/openings.hpp"
#include "market/audit/public_log.hpp"

namespace market {

struct FeedersChecked {
  std::size_t slots = 0;           // with findings
  std::size_t waiting = 0;         // that minted, and whose findings may still come
  MilliWattHours exported, bound;  // of the slots with findings, of all feeders
  std::string unknown;             // why some minted energy cannot be checked; empty: all is
};

Result<FeedersChecked> check_feeders(const PublicLog& log, const Openings& openings);

}  // namespace market
