#pragma once
// Shadow markets: other mechanisms that clear the same orders at each slot's close, for figures
// only. Nothing of them reaches the ledger. What they trade is what orders ask for, before
// metering. An order's bus is its home's, a seller's energy is green where the home has PV, and
// orders arrive in the slot's canonical order, by their random row ids.

#include <map>

#include "market/market_state.hpp"
#include "twin/node/deployment.hpp"
#include "twin/store/run_format.hpp"
#include "twin/store/summary.hpp"

namespace twin {

class ShadowMarkets {
 public:
  // Of the summary it fills market.shadows; it outlives this.
  ShadowMarkets(const Scenario& scenario, const Deployment& deployment, const RunDescription& run,
                Summary& summary);

  void take(const market::ClosedSlot& slot);

 private:
  struct Place {
    std::uint32_t bus = 0;  // 1 and up
    bool green = false;
  };

  std::vector<market::Mechanism> mechanisms_;
  std::map<ledger::AccountId, Place> places_;
  std::vector<Summary::Shadow>& figures_;  // of each mechanism
};

}  // namespace twin
