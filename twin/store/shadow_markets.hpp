#pragma once
// Shadow markets: other mechanisms that clear the same orders at each slot's close, for figures
// only. Nothing of them reaches the ledger. What they trade is what orders ask for, before
// metering. An order's bus is its home's, a seller's energy is green where the home has PV, and
// orders arrive in the slot's canonical order, by their random row ids.
//
// Grid-aware clearing and the fee tree see the feeder as twin/scenario/traded_feeder.hpp has it,
// worked out once; orders of accounts that are no home's stand at the busbar, or the tree's root. A
// buyer's limit is told before the local grid fee; under the fee tree, whose fees take that one's
// place, it pays so much more. Turnover is what sellers get, and welfare what clearing.hpp says, as
// of the market that settles.

#include <map>
#include <optional>

#include "market/state/market_state.hpp"
#include "twin/node/deployment.hpp"
#include "twin/scenario/traded_feeder.hpp"
#include "twin/store/run_format.hpp"
#include "twin/store/summary.hpp"

namespace twin {

// What shadows that need a feeder know of it; nothing where none does.
struct ShadowFeeder {
  std::optional<TradedFeeder> limits, fees;  // of grid-aware, and of the fee tree

  // The error names grid and reason.
  static ledger::Result<ShadowFeeder> of(const Scenario& scenario, const Network& network);
};

class ShadowMarkets {
 public:
  // Of the summary it fills market.shadows; it outlives this.
  ShadowMarkets(const Scenario& scenario, const Deployment& deployment, const RunDescription& run,
                ShadowFeeder feeder, Summary& summary);

  void take(const market::ClosedSlot& slot);

 private:
  struct Place {
    std::uint32_t bus = 0;  // 1 and up
    bool green = false;
    std::uint32_t home = 0;
  };
  struct Outcome {
    std::int64_t traded_wh = 0, earned_micro_eur = 0;
    std::vector<ledger::WattHours> fills;
  };

  // Nothing where it finds no result. `worth`: the orders with the local grid fee.
  std::optional<Outcome> clear(const market::Acting& acting, std::span<const market::Order> orders,
                               std::span<const market::Order> worth,
                               const market::Tariff& tariff) const;
  // Where orders stand; those of accounts that are no home's at `elsewhere`.
  std::vector<std::uint32_t> buses_of(std::span<const market::Order> orders,
                                      const TradedFeeder& feeder, std::uint32_t elsewhere) const;
  std::optional<Outcome> clear_grid_aware(std::span<const market::Order> orders) const;
  Outcome clear_fee_tree(std::span<const market::Order> orders) const;

  std::vector<market::Acting> mechanisms_;
  std::map<ledger::AccountId, Place> places_;
  ShadowFeeder feeder_;
  std::vector<Summary::Shadow>& figures_;  // of each mechanism
};

}  // namespace twin
