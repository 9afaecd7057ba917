#pragma once
// Several meters of one feeder: independent witnesses of the same energy, at the same busbar. What
// counts as the feeder meter's in a slot is the median of what they say, import and export each by
// itself (ledger/oracle/feeder_median.hpp has how many are enough). One whose net energy is farther
// from the median's than meters of class C can be apart lies apart: a hundredth of import and
// export together, and 10 W for what a meter may not count.

#include <optional>
#include <vector>

#include "ledger/oracle/feeder_evidence.hpp"

namespace market {

using namespace ledger;

struct WitnessApart {
  MeterId meter;
  Slot slot;
  MilliWattHours net, median;  // import positive
};

struct Witnessed {
  PointEnergy energy;  // of `first`; quarantined where too few have energy of the slot's own
  std::vector<MeterId> apart;
};

// Of one feeder's meters that have a mark, at least one; `meters`: how many it has in the slot,
// `first` of them.
Witnessed witnessed(const std::vector<PointEnergy>& marked, MeterId first, std::size_t meters,
                    std::int64_t slot_ms);

}  // namespace market
