#pragma once
// A local market for flexibility with redispatch pairs. Homes offer to draw less or more at a price
// a kWh (pay-as-bid). For each element that is over, the furthest first:
//   1. buy     of the homes that relieve it, the cheapest by effect: EUR/kWh divided by how far a
//              W of theirs moves the element; of equal ones the lower home. The last one in part.
//   2. sell    as much the other way at homes that do not move the element (less than
//              `least_effect`), the cheapest first, so that the feeder's balance stays; what finds
//              no home there is left to the balancing group above the feeder
//   3. check   both by full power flows, with and without. A branch that step 2 brings above the
//              limit, and was not, halves the sales, until there are none; one that the purchases
//              themselves bring above it undoes the whole trade
// The grid operator pays both legs.

#include "twin/congestion/rung.hpp"

namespace twin {

class Flexibility final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation& now, LadderPlan& plan) const override;

 private:
  // Changes by home, W.
  std::vector<double> buy(const Situation& now, const LadderPlan& plan, const Constraint& c) const;
  std::vector<double> sell(const Situation& now, const LadderPlan& plan, const Constraint& c,
                           const std::vector<double>& bought) const;
  bool makes_a_bottleneck(const Situation& now, const LadderPlan& plan,
                          const std::vector<double>& change_w) const;
};

}  // namespace twin
