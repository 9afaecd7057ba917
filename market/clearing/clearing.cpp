#include "market/clearing/clearing.hpp"

#include <algorithm>

#include "ledger/base/invariant.hpp"
#include "market/clearing/bilateral_clearing.hpp"
#include "market/clearing/bill_sharing_clearing.hpp"
#include "market/clearing/continuous_clearing.hpp"
#include "market/clearing/limit_sort.hpp"
#include "market/clearing/merit_order.hpp"
#include "market/clearing/mid_market_clearing.hpp"
#include "market/clearing/pay_as_bid_clearing.hpp"
#include "market/clearing/retailer_clearing.hpp"
#include "market/clearing/supply_demand_clearing.hpp"
#include "market/clearing/thousandths.hpp"
#include "market/clearing/uniform_clearing.hpp"

namespace market {

using namespace ledger;

namespace {

Clearing cleared(Mechanism mechanism, std::span<const Order> orders, const ClearingTerms& terms) {
  switch (mechanism) {
    case Mechanism::retailer:
      return retailer_clearing(orders);
    case Mechanism::uniform:
      return uniform_clearing(orders);
    case Mechanism::pay_as_bid:
      return pay_as_bid_clearing(orders);
    case Mechanism::continuous:
      return continuous_clearing(orders);
    case Mechanism::bilateral:
      return bilateral_clearing(orders);
    case Mechanism::mid_market:
      return mid_market_clearing(orders, terms);
    case Mechanism::supply_demand:
      return supply_demand_clearing(orders, terms);
    case Mechanism::bill_sharing:
      return bill_sharing_clearing(orders, terms);
    case Mechanism::grid_aware:
    case Mechanism::fee_tree:
      break;
  }
  invariant(false, "a mechanism that needs no feeder");
  return {};
}

}  // namespace

Clearing clear(Mechanism mechanism, std::span<const Order> orders, const ClearingTerms& terms) {
  invariant(orders.size() <= max_orders_a_slot &&
                std::all_of(orders.begin(), orders.end(), within_bounds),
            "a book within its bounds");
  invariant(terms.floor.value >= 0 && std::max(terms.floor, terms.ceiling) <= max_order_price,
            "terms within the bounds of prices");
  Clearing out = cleared(mechanism, orders, terms);
  out.welfare = welfare_of(orders, out.fills);
  out.optimal_welfare = optimal_welfare(orders);
  return out;
}

std::vector<Order> at_worth(std::span<const Order> orders, Price local_grid_fee) {
  std::vector<Order> out(orders.begin(), orders.end());
  for (Order& o : out)
    if (o.side == Side::buy) o.limit = std::min(o.limit + local_grid_fee, max_order_price);
  return out;
}

MicroEuros welfare_of(std::span<const Order> orders, std::span<const WattHours> fills) {
  Wide sum = 0;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const Wide worth = static_cast<Wide>(fills[i].value) * orders[i].limit.value;
    sum += orders[i].side == Side::buy ? worth : -worth;
  }
  return from_thousandths(sum);
}

MicroEuros optimal_welfare(std::span<const Order> orders) {
  // The gap between demand and supply curves, integrated over price: at a price p between two
  // neighbouring limits, min(demand at p, supply at p) Wh could change hands, each gaining dp.
  std::int64_t demand = 0, supply = 0;
  for (const Order& o : orders)
    if (o.side == Side::buy) demand += o.energy.value;
  Wide thousandths = 0;  // of a micro-euro
  std::int64_t below = 0;
  for (const LimitKey& key : sorted_by_limit(orders)) {
    const Order& o = orders[key.order];
    thousandths += static_cast<Wide>(std::min(demand, supply)) * (key.limit - below);
    if (o.side == Side::buy)
      demand -= o.energy.value;
    else
      supply += o.energy.value;
    below = key.limit;
  }
  return from_thousandths(thousandths);
}

std::vector<Trade> pair_fills(std::span<const Order> orders, std::span<const WattHours> fills,
                              Price price) {
  const auto buys = merit_order(orders, Side::buy), sells = merit_order(orders, Side::sell);
  std::vector<WattHours> left(fills.begin(), fills.end());
  std::vector<Trade> out;
  std::size_t b = 0, s = 0;
  while (true) {
    while (b < buys.size() && left[buys[b]].value == 0) ++b;
    while (s < sells.size() && left[sells[s]].value == 0) ++s;
    if (b == buys.size() || s == sells.size()) break;
    const WattHours energy = std::min(left[buys[b]], left[sells[s]]);
    out.push_back({buys[b], sells[s], energy, price});
    left[buys[b]] -= energy;
    left[sells[s]] -= energy;
  }
  invariant(b == buys.size() && s == sells.size(), "what is sold is what is bought");
  return out;
}

}  // namespace market
