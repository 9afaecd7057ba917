#pragma once
// Bilateral trade with preferences: neighbours make deals in pairs, those that are preferred most
// first.
//
// A buyer and a seller can make a deal where the buyer's limit is at least the seller's. Pairs come
// in five rounds:
//   1. partners: the buyer names the seller's account as its partner, or the seller the buyer's
//   2. on one bus (both are told), and the buyer wants green energy and the seller's is green
//   3. on one bus
//   4. the buyer wants green energy and the seller's is green
//   5. all others
// Within a round buyers choose by falling limit, ties by rising id: each the cheapest seller that
//   is left, ties by rising id, until it has what it wants or none is cheap enough.
// Each deal is for the smaller of what both have left, at the middle of their limits, rounded down.
// A preference is none but that: who finds no partner trades with others. Deals stand in the order
//   in which they are made, within rounds 2 and 3 by rising bus. There is no one price, and the
//   welfare can be less than an auction's.

#include "market/clearing/clearing.hpp"

namespace market {

Clearing bilateral_clearing(std::span<const Order> orders);  // volume, fills and trades

}  // namespace market
