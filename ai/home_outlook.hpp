#pragma once
// What a home expects to exchange in the slots ahead if it goes on planning as it does now: the
// word that it gives a grid operator whose fee reckons with plans
// (twin/congestion/dynamic_grid_fee.hpp). From the running slot on, as far as prices are known and
// it expects anything; Wh a slot, import positive. Nothing of what a home does is in it but its
// sum, slot by slot.

#include <cstdint>
#include <span>
#include <vector>

#include "ai/home_manager.hpp"

namespace ai {

struct HomeOutlook {
  std::vector<std::int64_t> net_wh;
  std::vector<std::int64_t> car_wh;  // of that, what its car takes
};

// plan_by_price slot after slot, on prices and a home that the slots before have left so; a car
// that has left is not expected back. `rest_wh`: what the home draws without car and battery, by
// slot; heat is as it expects it there. `elapsed_h`: of the running slot.
HomeOutlook outlook_by_price(const HomeDevices& devices, const HomeNow& now,
                             const HomePrices& prices, std::span<const std::int64_t> rest_wh,
                             double elapsed_h);

}  // namespace ai
