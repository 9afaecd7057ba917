#include "market/clearing.hpp"

#include <algorithm>
#include <numeric>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace market {

using namespace ledger;

namespace {

// Indices of one side's orders, best limit first. Sorted by small keys: the orders themselves lie
// too far apart to be compared a million times.
std::vector<std::size_t> merit_order(std::span<const Order> orders, Side side) {
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
  std::vector<std::size_t> at;
  at.reserve(keys.size());
  for (const Key& k : keys) at.push_back(k.order);
  return at;
}

// Two pointers down both merit orders; gives the volume and where each side stopped.
struct Crossing {
  WattHours volume;
  std::size_t buy = 0, sell = 0;  // the first orders that are not matched in full
  bool buy_in_part = false, sell_in_part = false;
};

Crossing cross(std::span<const Order> orders, const std::vector<std::size_t>& buys,
               const std::vector<std::size_t>& sells) {
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

Price middle_price(std::span<const Order> orders, const std::vector<std::size_t>& buys,
                   const std::vector<std::size_t>& sells, const Crossing& c) {
  const Price last_buy = orders[buys[c.buy_in_part ? c.buy : c.buy - 1]].limit;
  const Price last_sell = orders[sells[c.sell_in_part ? c.sell : c.sell - 1]].limit;
  Price low = last_sell, high = last_buy;
  if (c.buy < buys.size()) low = std::max(low, orders[buys[c.buy]].limit);
  if (c.sell < sells.size()) high = std::min(high, orders[sells[c.sell]].limit);
  return {low.value + (high.value - low.value) / 2};
}

// Gives `total` to the orders of `at`, which share one limit, in proportion to their energy.
void share(std::span<const Order> orders, std::span<const std::size_t> at, WattHours wanted,
           WattHours total, std::vector<WattHours>& fills) {
  struct Remainder {
    std::int64_t value;
    std::size_t order;
  };
  std::vector<Remainder> remainders;
  remainders.reserve(at.size());
  WattHours left = total;
  for (const std::size_t i : at) {
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

void fill_side(std::span<const Order> orders, const std::vector<std::size_t>& merit,
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
      share(orders, std::span(merit).subspan(i, end - i), group, take, fills);
    volume -= take;
    i = end;
  }
}

// Thousandths of a micro-euro (Wh times micro-euro per kWh) to the nearest micro-euro.
MicroEuros from_thousandths(Wide sum) {
  return {static_cast<std::int64_t>((sum + (sum >= 0 ? 500 : -500)) / 1000)};
}

MicroEuros value_of(std::span<const Order> orders, const std::vector<WattHours>& fills) {
  Wide sum = 0;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const Wide worth = static_cast<Wide>(fills[i].value) * orders[i].limit.value;
    sum += orders[i].side == Side::buy ? worth : -worth;
  }
  return from_thousandths(sum);
}

}  // namespace

bool known_mechanism(std::string_view name) { return name == "uniform" || name == "retailer"; }

Clearing clear(std::string_view mechanism, std::span<const Order> orders) {
  invariant(known_mechanism(mechanism), "a mechanism that genesis allows");
  invariant(orders.size() <= max_orders_a_slot &&
                std::all_of(orders.begin(), orders.end(), within_bounds),
            "a book within its bounds");
  Clearing out;
  out.fills.resize(orders.size());
  out.optimal_welfare = optimal_welfare(orders);
  if (mechanism == "retailer") return out;
  const auto buys = merit_order(orders, Side::buy), sells = merit_order(orders, Side::sell);
  const Crossing c = cross(orders, buys, sells);
  if (c.volume.value == 0) return out;
  out.volume = c.volume;
  out.price = middle_price(orders, buys, sells, c);
  fill_side(orders, buys, c.volume, out.fills);
  fill_side(orders, sells, c.volume, out.fills);
  out.welfare = value_of(orders, out.fills);
  return out;
}

MicroEuros optimal_welfare(std::span<const Order> orders) {
  // The gap between demand and supply curves, integrated over price: at a price p between two
  // neighbouring limits, min(demand at p, supply at p) Wh could change hands, each gaining dp.
  std::vector<std::pair<std::int64_t, std::int64_t>> steps;  // limit, energy; buyers' negative
  steps.reserve(orders.size());
  std::int64_t demand = 0, supply = 0;
  for (const Order& o : orders) {
    if (o.side == Side::buy) demand += o.energy.value;
    steps.emplace_back(o.limit.value, o.side == Side::buy ? -o.energy.value : o.energy.value);
  }
  std::sort(steps.begin(), steps.end());
  Wide thousandths = 0;  // of a micro-euro
  std::int64_t below = 0;
  for (const auto& [limit, energy] : steps) {
    thousandths += static_cast<Wide>(std::min(demand, supply)) * (limit - below);
    (energy < 0 ? demand : supply) += energy;
    below = limit;
  }
  return from_thousandths(thousandths);
}

Bytes book_row(const Order& o) {
  ByteWriter w;
  w.u8(static_cast<std::uint8_t>(o.side)).i64(o.energy.value).i64(o.limit.value);
  return w.raw(o.id.bytes).take();
}

Result<Order> decode_book_row(BytesView row) {
  ByteReader r(row);
  Order o;
  const std::uint8_t side = r.u8();
  o.side = side == 1 ? Side::sell : Side::buy;
  o.energy.value = r.i64();
  o.limit.value = r.i64();
  o.id.bytes = r.array<16>();
  if (!r.done() || side > 1) return failure("book row is not in its canonical form");
  if (!within_bounds(o)) return failure("book row holds no energy or price that an order may have");
  return o;
}

Hash book_root(std::span<const Order> orders) {
  std::vector<const Order*> sorted;
  for (const Order& o : orders) sorted.push_back(&o);
  std::sort(sorted.begin(), sorted.end(),
            [](const Order* a, const Order* b) { return a->id < b->id; });
  std::vector<Hash> leaves;
  for (const Order* o : sorted) leaves.push_back(leaf_hash(book_row(*o)));
  return root_of(leaves);
}

}  // namespace market
