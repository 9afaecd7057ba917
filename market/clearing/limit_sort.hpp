#pragma once
// Orders by rising limit: a radix sort, for books of a million orders.

#include <optional>
#include <span>
#include <vector>

#include "market/clearing/order.hpp"

namespace market {

struct LimitKey {
  std::uint32_t limit;     // micro-euro per kWh; max_order_price has 27 bits
  std::uint32_t order;     // its position
  std::uint64_t id_start;  // its id's first bytes, which decide nearly every tie
};

// Orders of one limit stay in the order given. `side`: those of one side only.
std::vector<LimitKey> sorted_by_limit(std::span<const Order> orders,
                                      std::optional<Side> side = std::nullopt);

}  // namespace market
