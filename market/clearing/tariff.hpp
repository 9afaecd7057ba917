#pragma once
// What a kWh costs on each path, all in micro-euro per kWh:
//
//   from the retailer      retail_buy = energy + grid_fee + levies, all in
//   to the retailer        retail_sell (feed-in), received by the home
//   from a neighbour       the trade's price to the seller, and local_grid_fee + levies beside it
//
// Fees go to the grid operator, levies to the state; the retailer keeps the energy part. Beside
// kWh a genesis may put a price on the month's highest import (market/settlement/capacity.hpp).

#include "ledger/base/result.hpp"
#include "ledger/chain/genesis.hpp"
#include "market/clearing/clearing.hpp"

namespace market {

struct Tariff {
  ledger::Price retail_buy, retail_sell, grid_fee, local_grid_fee, levies;
  ledger::MicroEuros capacity_price{};  // per kW; 0: there is none
  std::int64_t slot_ms = 900'000;       // whose mean power a kW is

  ledger::Price retail_energy() const { return retail_buy - grid_fee - levies; }
  // The highest trade price at which a neighbour's kWh costs no more than the retailer's.
  ledger::Price break_even() const { return retail_buy - local_grid_fee - levies; }
};

inline Tariff tariff_of(const ledger::Genesis& g) {
  return {g.retail_buy, g.retail_sell,    g.grid_fee, g.local_grid_fee,
          g.levies,     g.capacity_price, g.slot_ms};
}

inline ClearingTerms terms_of(const Tariff& t) { return {t.break_even(), t.retail_sell}; }

// Whether a genesis that comes from outside holds terms that the market can carry out: a known
// mechanism, prices of 0 to 100 EUR/kWh, periods of a day at most; who tells of the feeder where
// the mechanism heeds it, and no local grid fee beside a tree of fees; a capacity price of 0 to
// 1,000 EUR/kW, and with one slots of a minute at least, so that no amount is beyond 64 bits. The
// error names the key.
ledger::Result<void> check_terms(const ledger::Genesis& genesis);

}  // namespace market
