#pragma once
// Community sharing, priced by the ratio of supply S to demand D:
//   price = floor x ceiling x D / ((ceiling - floor) x S + floor x D), rounded down, where S < D;
//   price = floor, where S >= D.
// So it falls from the ceiling, where nothing is offered, to the floor, where all is met. S, D, who
// trades how much, and ties: market/clearing/community.hpp.
// Liu et al. (2017), "Energy-sharing model with price-based demand response for microgrids of
// peer-to-peer prosumers", section III: the internal selling price.

#include "market/clearing/clearing.hpp"

namespace market {

// Price, volume and fills.
Clearing supply_demand_clearing(std::span<const Order> orders, const ClearingTerms& terms);

}  // namespace market
