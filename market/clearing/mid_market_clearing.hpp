#pragma once
// Community sharing at the mid-market rate: price = floor + (ceiling - floor) / 2, rounded down.
// Who trades how much, and ties: market/clearing/community.hpp. Long et al. (2017), "Peer-to-peer
// energy trading in a community microgrid".

#include "market/clearing/clearing.hpp"

namespace market {

// Price, volume and fills.
Clearing mid_market_clearing(std::span<const Order> orders, const ClearingTerms& terms);

}  // namespace market
