#include "market/settlement/settlement_check.hpp"

#include <algorithm>

namespace market {

using namespace ledger;

namespace {

std::string broken_of(const Statement& s) {
  const bool may = trades(s.standing);
  if (s.bought > (may ? std::min(s.contracted_buy, s.imported) : WattHours{}) ||
      s.sold > (may ? std::min(s.contracted_sell, s.exported) : WattHours{}))
    return "more is delivered than was contracted or metered";
  if (s.bought.value < 0 || s.sold.value < 0) return "less than nothing is delivered";
  if (s.minted > s.exported) return "more is minted than was exported";
  if (s.retired > s.bought) return "more is retired than was bought";
  const CapacityLine capacity = s.capacity.value_or(CapacityLine{});
  if (s.capacity &&
      (capacity.peak != (may ? std::max(capacity.peak_before, s.imported) : capacity.peak_before) ||
       capacity.charge.value < 0 ||
       (capacity.peak == capacity.peak_before && capacity.charge.value != 0)))
    return "a capacity charge is not of a peak that rose";
  if (s.total != s.trade_paid - s.trade_earned + s.local_grid_fee + s.trade_levies +
                     s.retail_energy + s.grid_fee + s.levies - s.feed_in + capacity.charge)
    return "a total is not the sum of its lines";
  return {};
}

}  // namespace

std::string broken_invariant(const Settlement& settlement) {
  WattHours bought, sold;
  for (const Statement& s : settlement.statements) {
    if (std::string broken = broken_of(s); !broken.empty()) return broken;
    bought += s.bought;
    sold += s.sold;
  }
  if (bought != sold) return "what is bought is not what is sold";
  // Postings stand in the statements' order, those of the exchange behind them.
  MicroEuros at_exchange;
  auto p = settlement.postings.begin();
  const auto end = settlement.postings.end();
  for (const Statement& s : settlement.statements) {
    MicroEuros paid;
    for (; p != end && (p->from == s.account || p->to == s.account); ++p) {
      paid += p->from == s.account ? p->amount : -p->amount;
      if (p->to == exchange) at_exchange += p->amount;
      if (p->from == exchange) at_exchange -= p->amount;
    }
    if (paid != s.total) return "postings move another amount than a statement says";
  }
  for (; p != end; ++p) {
    if (p->from != exchange && p->to != exchange) return "a posting is of no statement";
    at_exchange += p->to == exchange ? p->amount : -p->amount;
  }
  return at_exchange.value == 0 ? "" : "something is left at the exchange";
}

}  // namespace market
