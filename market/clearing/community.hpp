#pragma once
// What the three ways of community sharing have in common. Each makes one price from the retailer's
// two and from what is ordered; this shares the community's energy among all who accept it.
//
// Supply and demand count the orders that any price from floor to ceiling could serve: sellers
//   whose limit is at most the ceiling, buyers whose limit is at least the floor.
// Who trades: buyers and sellers whose limits accept the price. The price is not made anew from
//   those who are left.
// Volume: the smaller of what they want and offer; each side shares it in proportion to its energy,
//   rounded down, the Wh that remain one each by largest remainder, ties by rising id.
// Static key: what is offered is divided into equal shares of the buying accounts, rounded down,
//   the Wh that remain one each by rising account. An account takes no more than its orders want,
//   and what it leaves nobody else gets. Its orders share that, and the sellers share the volume,
//   in proportion as above.
// No trade, no price. A floor above the ceiling leaves neighbours nothing to gain: no trade.

#include "market/clearing/clearing.hpp"

namespace market {

struct CommunityEnergy {
  ledger::WattHours supply, demand;
};
inline bool has_gain(const ClearingTerms& terms) { return terms.floor <= terms.ceiling; }
CommunityEnergy community_energy(std::span<const Order> orders, const ClearingTerms& terms);

// Price, volume and fills at `price`, which lies between floor and ceiling.
Clearing shared_at(ledger::Price price, std::span<const Order> orders, SharingKey key);

}  // namespace market
