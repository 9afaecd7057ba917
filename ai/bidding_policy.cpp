#include "ai/bidding_policy.hpp"

#include <algorithm>

#include "ai/forecast_policy.hpp"
#include "ai/linear_policy.hpp"
#include "ai/market_power_policy.hpp"
#include "ai/truthful_policy.hpp"
#include "ai/zero_intelligence_policy.hpp"
#include "ai/zip_policy.hpp"

namespace ai {

using ledger::Price;
using ledger::WattHours;

Price PriceRange::clamp(std::int64_t price) const {
  return {std::clamp(price, low.value, high.value)};
}

PriceRange range_of(const market::Tariff& tariff) {
  return {tariff.retail_sell, tariff.break_even()};
}

WattHours presumed_fill(const SlotOutcome& outcome) {
  if (!outcome.own || !outcome.price) return {};
  const Bid& own = *outcome.own;
  if (own.limit == *outcome.price) return {own.energy.value / 2};
  const bool served =
      own.side == market::Side::buy ? own.limit > *outcome.price : own.limit < *outcome.price;
  return served ? own.energy : WattHours{};
}

void BiddingPolicy::hear(const SlotOutcome&, ledger::Rng&) {}

const std::vector<std::string>& names_of_strategies() {
  static const std::vector<std::string> names{"truthful", "zero-intelligence", "linear",
                                              "adaptive", "forecast",          "market-power"};
  return names;
}

std::unique_ptr<BiddingPolicy> make_bidding_policy(Strategy strategy, std::size_t slots_a_day,
                                                   ledger::Rng rng) {
  switch (strategy) {
    case Strategy::truthful:
      return std::make_unique<TruthfulPolicy>();
    case Strategy::zero_intelligence:
      return std::make_unique<ZeroIntelligencePolicy>();
    case Strategy::linear:
      return std::make_unique<LinearPolicy>();
    case Strategy::adaptive:
      return std::make_unique<ZipPolicy>(rng);
    case Strategy::forecast:
      return std::make_unique<ForecastPolicy>(slots_a_day);
    case Strategy::market_power:
      return std::make_unique<MarketPowerPolicy>();
  }
  ledger::invariant(false, "a strategy that is known");
  return nullptr;
}

bool trades(const Situation& s) { return s.expected_net.value != 0 && !s.range.empty(); }

bool buys(const Situation& s) { return s.expected_net.value > 0; }

std::int64_t on_side(const Situation& s, std::int64_t net_wh) {
  constexpr std::int64_t most = market::max_order_energy.value;
  const std::int64_t net = std::clamp(net_wh, -most, most);
  return std::max<std::int64_t>(buys(s) ? net : -net, 0);
}

Bid bid_for_all(const Situation& s, Price limit) {
  return {buys(s) ? market::Side::buy : market::Side::sell,
          WattHours{on_side(s, s.expected_net.value)}, limit};
}

}  // namespace ai
