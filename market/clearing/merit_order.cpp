#include "market/clearing/merit_order.hpp"

#include <algorithm>

#include "ledger/base/invariant.hpp"
#include "market/clearing/limit_sort.hpp"

namespace market {

using namespace ledger;

std::vector<std::uint32_t> merit_order(std::span<const Order> orders, Side side) {
  std::vector<LimitKey> keys = sorted_by_limit(orders, side);
  if (side == Side::buy) std::reverse(keys.begin(), keys.end());
  const auto by_id = [&](const LimitKey& a, const LimitKey& b) {
    return a.id_start != b.id_start ? a.id_start < b.id_start
                                    : orders[a.order].id < orders[b.order].id;
  };
  std::vector<std::uint32_t> at;
  at.reserve(keys.size());
  for (auto run = keys.begin(); run != keys.end();) {
    auto end = run + 1;
    while (end != keys.end() && end->limit == run->limit) ++end;
    std::sort(run, end, by_id);
    for (; run != end; ++run) at.push_back(run->order);
  }
  return at;
}

void share_by_energy(std::span<const Order> orders, std::span<const std::uint32_t> at,
                     WattHours total, std::vector<WattHours>& fills) {
  struct Remainder {
    std::int64_t value;
    std::uint32_t order;
  };
  WattHours wanted;
  for (const std::uint32_t i : at) wanted += orders[i].energy;
  invariant(total.value >= 0 && total <= wanted, "no more is shared than is wanted");
  if (wanted.value == 0) return;
  std::vector<Remainder> remainders;
  remainders.reserve(at.size());
  WattHours left = total;
  for (const std::uint32_t i : at) {
    const Wide product = static_cast<Wide>(orders[i].energy.value) * total.value;
    fills[i] = {static_cast<std::int64_t>(product / wanted.value)};
    left -= fills[i];
    remainders.push_back({static_cast<std::int64_t>(product % wanted.value), i});
  }
  // One Wh each for the `left` largest: which ones they are matters, not their order.
  std::nth_element(remainders.begin(), remainders.begin() + left.value, remainders.end(),
                   [&](const Remainder& a, const Remainder& b) {
                     return a.value != b.value ? a.value > b.value
                                               : orders[a.order].id < orders[b.order].id;
                   });
  for (std::int64_t k = 0; k < left.value; ++k)
    fills[remainders[static_cast<std::size_t>(k)].order] += WattHours{1};
}

}  // namespace market
