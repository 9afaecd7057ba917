#include "market/clearing/bill_sharing_clearing.hpp"

#include "market/clearing/community.hpp"
#include "market/clearing/retailer_clearing.hpp"

namespace market {

using namespace ledger;

Clearing bill_sharing_clearing(std::span<const Order> orders, const ClearingTerms& terms) {
  if (!has_gain(terms)) return retailer_clearing(orders);
  const CommunityEnergy energy = community_energy(orders, terms);
  const Wide all = Wide{energy.supply.value} + energy.demand.value;
  const Wide band = (terms.ceiling - terms.floor).value;
  const Wide above = all == 0 ? Wide{0} : band * energy.supply.value / all;
  return shared_at({terms.floor.value + static_cast<std::int64_t>(above)}, orders, terms.key);
}

}  // namespace market
