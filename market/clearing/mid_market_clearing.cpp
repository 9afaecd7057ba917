#include "market/clearing/mid_market_clearing.hpp"

#include "market/clearing/community.hpp"
#include "market/clearing/retailer_clearing.hpp"

namespace market {

Clearing mid_market_clearing(std::span<const Order> orders, const ClearingTerms& terms) {
  if (!has_gain(terms)) return retailer_clearing(orders);
  const std::int64_t band = (terms.ceiling - terms.floor).value;
  return shared_at({terms.floor.value + band / 2}, orders, SharingKey::dynamic_key);
}

}  // namespace market
