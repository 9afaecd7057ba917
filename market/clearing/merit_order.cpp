#include "market/clearing/merit_order.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"

namespace market {

using namespace ledger;

// Sorted by small keys: the orders themselves lie too far apart to be compared a million times.
std::vector<std::uint32_t> merit_order(std::span<const Order> orders, Side side) {
  struct Key {
    std::int64_t rank;       // the limit, negated for buyers
    std::uint64_t id_start;  // the id's first bytes, which decide nearly every tie
    std::uint32_t order;
  };
  std::vector<Key> keys;
  keys.reserve(orders.size());
  for (std::uint32_t i = 0; i < orders.size(); ++i)
    if (orders[i].side == side)
      keys.push_back({side == Side::buy ? -orders[i].limit.value : orders[i].limit.value,
                      ByteReader(orders[i].id.bytes).u64(), i});
  std::sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    return a.id_start != b.id_start ? a.id_start < b.id_start
                                    : orders[a.order].id < orders[b.order].id;
  });
  std::vector<std::uint32_t> at;
  at.reserve(keys.size());
  for (const Key& k : keys) at.push_back(k.order);
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
