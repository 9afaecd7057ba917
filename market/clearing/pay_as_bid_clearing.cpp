#include "market/clearing/pay_as_bid_clearing.hpp"

#include "market/clearing/uniform_clearing.hpp"

namespace market {

Clearing pay_as_bid_clearing(std::span<const Order> orders) {
  Clearing out = uniform_clearing(orders);
  if (!out.price) return out;
  out.trades = pair_fills(orders, out.fills, *out.price);
  for (Trade& t : out.trades) t.price = orders[t.buyer].limit;
  out.price.reset();
  return out;
}

}  // namespace market
