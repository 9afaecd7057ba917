#pragma once
// The uniform-price call double auction.
//
// Volume: the largest at which every matched buyer's limit is at least every matched seller's.
//   Buy orders by falling limit, sell orders by rising limit; ties by rising order id.
// Price: the middle of [low, high], rounded down, where
//   low  = max(limit of the last matched seller, limit of the first unmatched buyer)
//   high = min(limit of the last matched buyer,  limit of the first unmatched seller)
//   an order that is matched in part is matched and unmatched at once. No trade: no price.
// Fills: orders better than the marginal limit of their side in full; those at the marginal limit
//   share what is left in proportion to their energy, rounded down, the remaining Wh one each by
//   largest remainder, ties by rising order id.
// Economics: McAfee (1992), "A dominant strategy double auction", section 2 (the k-double auction
// with k = 1/2).

#include "market/clearing/clearing.hpp"

namespace market {

Clearing uniform_clearing(std::span<const Order> orders);  // price, volume and fills

}  // namespace market
