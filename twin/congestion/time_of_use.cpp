#include "twin/congestion/time_of_use.hpp"

#include <cmath>

namespace twin {
namespace {

bool lies_in(double hour, double from, double until) {
  return from <= until ? from <= hour && hour < until : hour >= from || hour < until;
}

}  // namespace

void TimeOfUse::act(const Situation& now, LadderPlan& plan) const {
  for (std::size_t k = 0; k < plan.fees.size(); ++k) {
    const double hour = std::fmod(now.hour_of_day + now.slot_h * static_cast<double>(k), 24);
    if (lies_in(hour, spec().high_from_h, spec().high_until_h))
      plan.fees[k] += spec().high.value;
    else if (lies_in(hour, spec().low_from_h, spec().low_until_h))
      plan.fees[k] += spec().low.value;
  }
}

}  // namespace twin
