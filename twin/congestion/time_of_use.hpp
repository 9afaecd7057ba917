#pragma once
// A static time-of-use tariff: a kWh of import costs `high` more in the scenario's high hours of
// the local day and `low` more (as a rule less) in its low ones, on every day alike. It knows
// nothing of the feeder; homes' managers shift what they can. Hours may pass midnight. A slot is
// of the hours in which it begins; where both hold, the high ones count.

#include "twin/congestion/rung.hpp"

namespace twin {

class TimeOfUse final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation& now, LadderPlan& plan) const override;
};

}  // namespace twin
