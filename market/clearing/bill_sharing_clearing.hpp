#pragma once
// Community sharing by one bill: the community is one customer of the retailer, and what it saves
// against everybody's own contract, V (ceiling - floor) for a volume V, is shared so that each Wh
// of supply S and of demand D saves the same. Then
//   price = floor + (ceiling - floor) x S / (S + D), rounded down:
// a buyer's Wh costs in the mean V (ceiling - floor) / (S + D) less than the ceiling, a seller's
// earns as much more than the floor, where the key is dynamic. S, D, who trades how much by which
// key, and ties: market/clearing/community.hpp. After the bill sharing of Long et al. (2017),
// "Peer-to-peer energy trading in a community microgrid", in which sellers of a community that
// imports get nothing; here none is worse off than with the retailer.

#include "market/clearing/clearing.hpp"

namespace market {

// Price, volume and fills.
Clearing bill_sharing_clearing(std::span<const Order> orders, const ClearingTerms& terms);

}  // namespace market
