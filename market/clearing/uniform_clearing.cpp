#include "market/clearing/uniform_clearing.hpp"

#include <algorithm>

#include "market/clearing/merit_order.hpp"

namespace market {

using namespace ledger;

namespace {

// Two pointers down both merit orders; gives the volume and where each side stopped.
struct Crossing {
  WattHours volume;
  std::size_t buy = 0, sell = 0;  // the first orders that are not matched in full
  bool buy_in_part = false, sell_in_part = false;
};

Crossing cross(std::span<const Order> orders, const std::vector<std::uint32_t>& buys,
               const std::vector<std::uint32_t>& sells) {
  Crossing c;
  WattHours buy_left, sell_left;
  if (!buys.empty()) buy_left = orders[buys[0]].energy;
  if (!sells.empty()) sell_left = orders[sells[0]].energy;
  while (c.buy < buys.size() && c.sell < sells.size() &&
         orders[buys[c.buy]].limit >= orders[sells[c.sell]].limit) {
    const WattHours matched = std::min(buy_left, sell_left);
    c.volume += matched;
    buy_left -= matched;
    sell_left -= matched;
    if (buy_left.value == 0 && ++c.buy < buys.size()) buy_left = orders[buys[c.buy]].energy;
    if (sell_left.value == 0 && ++c.sell < sells.size()) sell_left = orders[sells[c.sell]].energy;
  }
  c.buy_in_part = c.buy < buys.size() && buy_left < orders[buys[c.buy]].energy;
  c.sell_in_part = c.sell < sells.size() && sell_left < orders[sells[c.sell]].energy;
  return c;
}

Price middle_price(std::span<const Order> orders, const std::vector<std::uint32_t>& buys,
                   const std::vector<std::uint32_t>& sells, const Crossing& c) {
  const Price last_buy = orders[buys[c.buy_in_part ? c.buy : c.buy - 1]].limit;
  const Price last_sell = orders[sells[c.sell_in_part ? c.sell : c.sell - 1]].limit;
  Price low = last_sell, high = last_buy;
  if (c.buy < buys.size()) low = std::max(low, orders[buys[c.buy]].limit);
  if (c.sell < sells.size()) high = std::min(high, orders[sells[c.sell]].limit);
  return {low.value + (high.value - low.value) / 2};
}

void fill_side(std::span<const Order> orders, const std::vector<std::uint32_t>& merit,
               WattHours volume, std::vector<WattHours>& fills) {
  std::size_t i = 0;
  while (i < merit.size() && volume.value > 0) {
    std::size_t end = i;
    WattHours group;
    while (end < merit.size() && orders[merit[end]].limit == orders[merit[i]].limit)
      group += orders[merit[end++]].energy;
    const WattHours take = std::min(group, volume);
    if (take == group)
      for (std::size_t k = i; k < end; ++k) fills[merit[k]] = orders[merit[k]].energy;
    else
      share_by_energy(orders, std::span(merit).subspan(i, end - i), take, fills);
    volume -= take;
    i = end;
  }
}

}  // namespace

Clearing uniform_clearing(std::span<const Order> orders) {
  Clearing out;
  out.fills.resize(orders.size());
  const auto buys = merit_order(orders, Side::buy), sells = merit_order(orders, Side::sell);
  const Crossing c = cross(orders, buys, sells);
  if (c.volume.value == 0) return out;
  out.volume = c.volume;
  out.price = middle_price(orders, buys, sells, c);
  fill_side(orders, buys, c.volume, out.fills);
  fill_side(orders, sells, c.volume, out.fills);
  return out;
}

}  // namespace market
