#include "market/clearing/limit_sort.hpp"

#include <array>

#include "ledger/base/codec.hpp"

namespace market {

std::vector<LimitKey> sorted_by_limit(std::span<const Order> orders, std::optional<Side> side) {
  constexpr int digit_bits = 9, digits = 3;
  constexpr std::uint32_t values = 1u << digit_bits;
  static_assert(max_order_price.value < std::int64_t{1} << digit_bits * digits);
  std::vector<LimitKey> keys;
  keys.reserve(orders.size());
  for (std::uint32_t i = 0; i < orders.size(); ++i)
    if (!side || orders[i].side == *side)
      keys.push_back({static_cast<std::uint32_t>(orders[i].limit.value), i,
                      ledger::ByteReader(orders[i].id.bytes).u64()});
  std::vector<LimitKey> next(keys.size());
  for (int digit = 0; digit < digits; ++digit) {
    const auto value_of = [&](const LimitKey& k) {
      return k.limit >> digit * digit_bits & (values - 1);
    };
    std::array<std::uint32_t, values + 1> begin{};  // of each value's run
    for (const LimitKey& k : keys) ++begin[value_of(k) + 1];
    for (std::uint32_t v = 1; v < values; ++v) begin[v] += begin[v - 1];
    for (const LimitKey& k : keys) next[begin[value_of(k)]++] = k;
    keys.swap(next);
  }
  return keys;
}

}  // namespace market
