#include "market/clearing/merit_order.hpp"

#include <algorithm>

#include "ledger/base/invariant.hpp"
#include "market/clearing/limit_sort.hpp"
#include "market/clearing/proportional_shares.hpp"

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
  const auto by_id = [&](std::uint32_t a, std::uint32_t b) { return orders[a].id < orders[b].id; };
  std::vector<std::uint32_t> ranked(at.begin(), at.end());
  if (!std::is_sorted(ranked.begin(), ranked.end(), by_id))
    std::sort(ranked.begin(), ranked.end(), by_id);
  std::vector<std::int64_t> energies;
  energies.reserve(ranked.size());
  WattHours wanted;
  for (const std::uint32_t i : ranked) {
    wanted += orders[i].energy;
    energies.push_back(orders[i].energy.value);
  }
  invariant(total.value >= 0 && total <= wanted, "no more is shared than is wanted");
  const std::vector<std::int64_t> shares = proportional_shares(energies, total.value);
  for (std::size_t k = 0; k < ranked.size(); ++k) fills[ranked[k]] = {shares[k]};
}

}  // namespace market
