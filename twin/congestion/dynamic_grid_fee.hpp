#pragma once
// A grid fee that follows the day-ahead forecast of loading: in a slot whose highest forecast
// loading (share of the limit, any element of the feeder) is f, a kWh of import costs
//   fee * min(1, max(0, (f - from) / (full - from)))
// more, rounded half away from zero to a micro-EUR. Where there is no forecast there is no fee.

#include "twin/congestion/rung.hpp"

namespace twin {

class DynamicGridFee final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation& now, LadderPlan& plan) const override;
};

}  // namespace twin
