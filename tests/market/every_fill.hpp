#pragma once
// Brute force over a small book: every way to fill its orders with whole Wh, bought = sold.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "market/clearing/order.hpp"

namespace market_test {

// `places`: by order, where it stands. `value`: of fills with these net purchases by place, Wh,
// that are worth so much to their orders, thousandths of a micro-euro; negative where they do not
// hold. The highest value there is, at least 0.
class EveryFill {
 public:
  using Value = std::function<std::int64_t(std::span<const std::int64_t> net, std::int64_t worth)>;

  EveryFill(std::span<const market::Order> orders, std::span<const std::uint32_t> places,
            std::size_t count, Value value)
      : orders_(orders), places_(places), value_(std::move(value)), net_(count) {}

  std::int64_t best() {
    visit(0, 0, 0);
    return best_;
  }

 private:
  void visit(std::size_t i, std::int64_t balance, std::int64_t worth) {
    if (i == orders_.size()) {
      if (balance == 0 && worth > best_) best_ = std::max(best_, value_(net_, worth));
      return;
    }
    const market::Order& o = orders_[i];
    const std::int64_t sign = o.side == market::Side::buy ? 1 : -1;
    for (std::int64_t wh = 0; wh <= o.energy.value; ++wh) {
      net_[places_[i]] += sign * wh;
      visit(i + 1, balance + sign * wh, worth + sign * wh * o.limit.value);
      net_[places_[i]] -= sign * wh;
    }
  }

  std::span<const market::Order> orders_;
  std::span<const std::uint32_t> places_;
  Value value_;
  std::vector<std::int64_t> net_;
  std::int64_t best_ = 0;
};

}  // namespace market_test
