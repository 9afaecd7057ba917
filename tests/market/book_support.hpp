#pragma once
// Orders, accounts and made-up books for the market's tests.

#include <algorithm>
#include <vector>

#include "ledger/base/rng.hpp"
#include "market/clearing/book_row.hpp"
#include "market/clearing/clearing.hpp"

namespace market_test {

inline market::OrderId order_id(std::uint8_t n) {
  market::OrderId id;
  id.bytes.back() = n;
  return id;
}

inline ledger::AccountId account(std::uint8_t n) {
  ledger::AccountId id;
  id.bytes.fill(0xa0);
  id.bytes.back() = n;
  return id;
}

inline market::Order order(std::uint8_t n, market::Side side, std::int64_t wh, std::int64_t limit) {
  return {order_id(n), account(n), {0}, side, {wh}, {limit}};
}
inline market::Order buy(std::uint8_t n, std::int64_t wh, std::int64_t limit) {
  return order(n, market::Side::buy, wh, limit);
}
inline market::Order sell(std::uint8_t n, std::int64_t wh, std::int64_t limit) {
  return order(n, market::Side::sell, wh, limit);
}

// Small numbers, so that limits and sizes often tie.
inline std::vector<market::Order> random_book(ledger::Rng& rng, std::size_t most_orders,
                                              std::int64_t most_wh, std::int64_t most_limit) {
  std::vector<market::Order> orders(rng.below(most_orders + 1));
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const auto wh = 1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most_wh)));
    const auto limit =
        static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most_limit) + 1));
    orders[i] = order(static_cast<std::uint8_t>(i),
                      rng.chance(0.5) ? market::Side::buy : market::Side::sell, wh, limit);
  }
  for (std::size_t i = orders.size(); i > 1; --i) std::swap(orders[i - 1], orders[rng.below(i)]);
  return orders;
}

}  // namespace market_test
