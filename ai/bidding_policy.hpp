#pragma once
// How a home turns its forecast of a slot into an order. Zero-intelligence constrained (Gode and
// Sunder, 1993): a limit drawn uniformly from what is no worse than the retailer.
//
//   net > 0: buy  at a limit in [retail_sell, break_even]
//   net < 0: sell at a limit in [retail_sell, break_even]
// where break_even is the trade price at which a neighbour's kWh costs as much as the retailer's,
// fee and levies included. No order where that interval is empty or the net is zero.

#include <optional>

#include "ledger/base/rng.hpp"
#include "market/order.hpp"
#include "market/tariff.hpp"

namespace ai {

struct Bid {
  market::Side side = market::Side::buy;
  ledger::WattHours energy;
  ledger::Price limit;
};

std::optional<Bid> zero_intelligence_bid(ledger::WattHours expected_net,
                                         const market::Tariff& tariff, ledger::Rng& rng);

}  // namespace ai
