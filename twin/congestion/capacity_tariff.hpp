#pragma once
// A capacity tariff: homes pay for the highest import of the month, per kW, as the ledger bills it
// (market/settlement/capacity.hpp; genesis has the price). It is known beforehand and the same for
// all; homes' managers charge cars no faster than they need to, unless they stay below a peak that
// they had anyway (ai/home_manager.hpp).

#include "twin/congestion/rung.hpp"

namespace twin {

class CapacityTariff final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation&, LadderPlan& plan) const override {
    plan.eur_per_kw += static_cast<double>(spec().capacity_price.value) / 1e6;
  }
};

}  // namespace twin
