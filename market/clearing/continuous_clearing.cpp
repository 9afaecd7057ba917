#include "market/clearing/continuous_clearing.hpp"

#include <algorithm>
#include <bit>

#include "market/clearing/limit_sort.hpp"

namespace market {

using namespace ledger;

namespace {

constexpr std::uint32_t none = UINT32_MAX;

// A set of numbers below a bound that gives its lowest: words of 64 bits, and above each layer one
// with a bit for every word that is not 0.
class LevelSet {
 public:
  explicit LevelSet(std::size_t bound) {
    do {
      bound = (bound + 63) / 64;
      layers_.emplace_back(bound);
    } while (bound > 1);
  }
  void insert(std::uint32_t n) {
    for (auto& words : layers_) {
      std::uint64_t& word = words[n / 64];
      const bool was_empty = word == 0;
      word |= std::uint64_t{1} << n % 64;
      if (!was_empty) return;
      n /= 64;
    }
  }
  void erase(std::uint32_t n) {
    for (auto& words : layers_) {
      std::uint64_t& word = words[n / 64];
      word &= ~(std::uint64_t{1} << n % 64);
      if (word != 0) return;
      n /= 64;
    }
  }
  std::uint32_t lowest() const {  // none where it is empty
    if (layers_.back()[0] == 0) return none;
    std::uint32_t n = 0;
    for (auto words = layers_.rbegin(); words != layers_.rend(); ++words)
      n = n * 64 + static_cast<std::uint32_t>(std::countr_zero((*words)[n]));
    return n;
  }

 private:
  std::vector<std::vector<std::uint64_t>> layers_;  // the bottom first, one word at the top
};

// What rests on one side: a queue a level, level 0 the best.
class RestingOrders {
 public:
  RestingOrders(std::size_t levels, std::vector<std::uint32_t>& next)
      : occupied_(levels), queues_(levels), next_(next) {}

  std::uint32_t best_level() const { return occupied_.lowest(); }
  std::uint32_t first(std::uint32_t level) const { return queues_[level].first; }
  void push(std::uint32_t level, std::uint32_t order) {
    Queue& q = queues_[level];
    next_[order] = none;
    if (q.first == none) {
      q.first = order;
      occupied_.insert(level);
    } else {
      next_[q.last] = order;
    }
    q.last = order;
  }
  void pop(std::uint32_t level) {
    Queue& q = queues_[level];
    q.first = next_[q.first];
    if (q.first == none) occupied_.erase(level);
  }

 private:
  struct Queue {
    std::uint32_t first = none, last = none;
  };
  LevelSet occupied_;
  std::vector<Queue> queues_;
  std::vector<std::uint32_t>& next_;  // of each order, the one behind it
};

// Of each order the place of its limit among all that occur, the lowest 0.
struct Levels {
  std::vector<std::uint32_t> of;
  std::uint32_t count = 0;
};

Levels levels_of(std::span<const Order> orders) {
  Levels out;
  out.of.resize(orders.size());
  std::int64_t last = -1;
  for (const LimitKey& k : sorted_by_limit(orders)) {
    if (k.limit != last) ++out.count;
    last = k.limit;
    out.of[k.order] = out.count - 1;
  }
  return out;
}

}  // namespace

Clearing continuous_clearing(std::span<const Order> orders) {
  Clearing out;
  out.fills.resize(orders.size());
  if (orders.empty()) return out;
  const Levels levels = levels_of(orders);
  std::vector<std::uint32_t> next(orders.size());
  RestingOrders buyers(levels.count, next), sellers(levels.count, next);
  const auto mirrored = [&](std::uint32_t level) { return levels.count - 1 - level; };
  for (std::uint32_t i = 0; i < orders.size(); ++i) {
    const Order& order = orders[i];
    const bool buys = order.side == Side::buy;
    RestingOrders& others = buys ? sellers : buyers;
    // The worst level of the other side that it still meets.
    const std::uint32_t limit = buys ? levels.of[i] : mirrored(levels.of[i]);
    while (out.fills[i] < order.energy) {
      const std::uint32_t level = others.best_level();
      if (level == none || level > limit) break;
      const std::uint32_t resting = others.first(level);
      const WattHours energy =
          std::min(order.energy - out.fills[i], orders[resting].energy - out.fills[resting]);
      out.trades.push_back({buys ? i : resting, buys ? resting : i, energy, orders[resting].limit});
      out.volume += energy;
      out.fills[i] += energy;
      out.fills[resting] += energy;
      if (out.fills[resting] == orders[resting].energy) others.pop(level);
    }
    if (out.fills[i] == order.energy) continue;
    if (buys)
      buyers.push(mirrored(levels.of[i]), i);
    else
      sellers.push(levels.of[i], i);
  }
  return out;
}

}  // namespace market
