#include "twin/congestion/dynamic_grid_fee.hpp"

#include <algorithm>
#include <cmath>

namespace twin {

void DynamicGridFee::act(const Situation& now, LadderPlan& plan) const {
  const double span = spec().full_loading - spec().from_loading;
  const std::size_t known = std::min(plan.fees.size(), now.forecast_loading.size());
  for (std::size_t k = 0; k < known; ++k) {
    const double share =
        std::clamp((now.forecast_loading[k] - spec().from_loading) / span, 0.0, 1.0);
    plan.fees[k] += std::llround(static_cast<double>(spec().fee.value) * share);
  }
}

}  // namespace twin
