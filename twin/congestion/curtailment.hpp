#pragma once
// The last resort: what must go is cut, as little as suffices, at homes behind the element, in
// three steps, each for what the one before left over:
//   1. PV feeds in less than it could, by one share      (paid for at the feed-in tariff)
//   2. cars, heat pumps and batteries stop, home by home in turn, the last one in part; each slot
//      begins with the next home. (By one share all cars would be below what they can charge at.)
//   3. household load is shed, by one share              (its worth is `lost_load` a kWh)
// Of a high voltage or a feed-in overload the first alone helps; of others the last two.

#include <optional>

#include "twin/congestion/rung.hpp"

namespace twin {

class Curtailment final : public Rung {
 public:
  Curtailment(const RungSpec& spec, double sell_eur_per_kwh)
      : Rung(spec), sell_eur_per_kwh_(sell_eur_per_kwh) {}
  void act(const Situation& now, LadderPlan& plan) const override;

 private:
  struct Step {
    std::vector<double> present_w;  // of each home, >= 0
    int direction = 0;              // in which cutting it moves its exchange
    double ai::HomeLimits::*limit = nullptr;
    double owed_eur_per_kwh = 0;  // to the home
    double lost_eur_per_kwh = 0;  // by it
  };
  // The first home whose turn it is; none: all by one share.
  void cut(const Constraint& c, const Step& step, std::optional<std::size_t> first,
           LadderPlan& plan) const;

  double sell_eur_per_kwh_;
};

}  // namespace twin
