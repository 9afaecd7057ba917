#include "market/clearing/supply_demand_clearing.hpp"

#include "market/clearing/community.hpp"
#include "market/clearing/retailer_clearing.hpp"

namespace market {

using namespace ledger;

namespace {

// Within 128 bits: prices are at most 10^8 and energies 10^13, and so the numerator 10^29.
Price internal_price(const CommunityEnergy& energy, const ClearingTerms& terms) {
  if (energy.supply >= energy.demand) return terms.floor;
  const Wide floor = terms.floor.value, ceiling = terms.ceiling.value;
  const Wide below = (ceiling - floor) * energy.supply.value + floor * energy.demand.value;
  if (below == 0) return terms.floor;  // a floor of 0, with a ceiling of 0 or nothing offered
  return {static_cast<std::int64_t>(floor * ceiling * energy.demand.value / below)};
}

}  // namespace

Clearing supply_demand_clearing(std::span<const Order> orders, const ClearingTerms& terms) {
  if (!has_gain(terms)) return retailer_clearing(orders);
  return shared_at(internal_price(community_energy(orders, terms), terms), orders,
                   SharingKey::dynamic_key);
}

}  // namespace market
