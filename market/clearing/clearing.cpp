#include "market/clearing/clearing.hpp"

#include <algorithm>

#include "ledger/base/invariant.hpp"
#include "market/clearing/merit_order.hpp"
#include "market/clearing/uniform_clearing.hpp"

namespace market {

using namespace ledger;

namespace {

// Thousandths of a micro-euro (Wh times micro-euro per kWh) to the nearest micro-euro.
MicroEuros from_thousandths(Wide sum) {
  return {static_cast<std::int64_t>((sum + (sum >= 0 ? 500 : -500)) / 1000)};
}

Clearing cleared(Mechanism mechanism, std::span<const Order> orders, const ClearingTerms&) {
  switch (mechanism) {
    case Mechanism::retailer: {
      Clearing none;
      none.fills.resize(orders.size());
      return none;
    }
    case Mechanism::uniform:
      return uniform_clearing(orders);
    default:
      break;
  }
  invariant(false, "a mechanism that clears");
  return {};
}

}  // namespace

Clearing clear(Mechanism mechanism, std::span<const Order> orders, const ClearingTerms& terms) {
  invariant(orders.size() <= max_orders_a_slot &&
                std::all_of(orders.begin(), orders.end(), within_bounds),
            "a book within its bounds");
  Clearing out = cleared(mechanism, orders, terms);
  out.welfare = welfare_of(orders, out.fills);
  out.optimal_welfare = optimal_welfare(orders);
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
