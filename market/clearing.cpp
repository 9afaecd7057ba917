#include "market/clearing.hpp"

#include <algorithm>
#include <numeric>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace market {

using namespace ledger;

namespace {

// Indices of one side's orders, best limit first.
std::vector<std::size_t> merit_order(std::span<const Order> orders, Side side) {
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < orders.size(); ++i)
    if (orders[i].side == side) at.push_back(i);
  std::sort(at.begin(), at.end(), [&](std::size_t a, std::size_t b) {
    const Order &x = orders[a], &y = orders[b];
    if (x.limit != y.limit) return side == Side::buy ? x.limit > y.limit : x.limit < y.limit;
    return x.id < y.id;
  });
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
void share(std::span<const Order> orders, std::span<const std::size_t> at, WattHours total,
           std::vector<WattHours>& fills) {
  WattHours wanted;
  for (const std::size_t i : at) wanted += orders[i].energy;
  struct Remainder {
    Wide value;
    std::size_t order;
  };
  std::vector<Remainder> remainders;
  WattHours given;
  for (const std::size_t i : at) {
    const Wide product = static_cast<Wide>(orders[i].energy.value) * total.value;
    fills[i] = {static_cast<std::int64_t>(product / wanted.value)};
    given += fills[i];
    remainders.push_back({product % wanted.value, i});
  }
  std::sort(remainders.begin(), remainders.end(), [&](const Remainder& a, const Remainder& b) {
    return a.value != b.value ? a.value > b.value : orders[a.order].id < orders[b.order].id;
  });
  for (std::size_t k = 0; given < total; ++k) {
    fills[remainders[k].order] += WattHours{1};
    given += WattHours{1};
  }
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
    share(orders, std::span(merit).subspan(i, end - i), take, fills);
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

Clearing clear(std::string_view mechanism, std::span<const Order> orders) {
  invariant(mechanism == "uniform" || mechanism == "retailer", "a mechanism that genesis allows");
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
  std::vector<std::int64_t> limits;
  for (const Order& o : orders) limits.push_back(o.limit.value);
  std::sort(limits.begin(), limits.end());
  limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
  Wide thousandths = 0;  // of a micro-euro
  for (std::size_t k = 0; k + 1 < limits.size(); ++k) {
    std::int64_t demand = 0, supply = 0;
    for (const Order& o : orders) {
      if (o.side == Side::buy && o.limit.value > limits[k]) demand += o.energy.value;
      if (o.side == Side::sell && o.limit.value <= limits[k]) supply += o.energy.value;
    }
    thousandths += static_cast<Wide>(std::min(demand, supply)) * (limits[k + 1] - limits[k]);
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
