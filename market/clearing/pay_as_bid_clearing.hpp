#pragma once
// The discriminatory call double auction: volume and fills are those of the uniform one
// (market/clearing/uniform_clearing.hpp), with its ties and roundings, but each deal has its own
// price: the buyer pays what it bid, and the seller gets that.
//
// Deals: both sides' fills in merit order (best limit first, ties by rising id), the best buyer
//   with the cheapest seller, each as far as its fill goes. No deal is below its seller's limit:
//   whoever trades accepts the uniform price, buyers at or above it and sellers at or below.
// There is no one price.

#include "market/clearing/clearing.hpp"

namespace market {

Clearing pay_as_bid_clearing(std::span<const Order> orders);  // volume, fills and trades

}  // namespace market
