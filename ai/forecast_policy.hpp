#pragma once
// Bids by what it expects of the price and of itself.
//
//   price     the median of the last seven prices of the same slot of the day that it heard; where
//             it heard none, the newest price of any slot; before the first one the range's middle
//   surety    m, how far its price forecasts have missed: a running mean that each outcome moves by
//             an eighth of the difference; a quarter of the range's width at first. A slot in which
//             its own bid was not served in full counts as a miss by that quarter at least: else
//             all who expect one price bid it, and it stands although one side is short
//   limit     seller: price - m, buyer: price + m, within the range: served unless the price misses
//             by more than usual, and never beyond its own value. In a uniform auction that costs
//             it nothing, where each is paid as bid it gives up m
//   energy    a Wh too little misses the gain of the trade, one too much costs nothing
//             (docs/market.md): so of its net in this slot on the days before, the largest that is
//             no exception: the upper nearest-rank quantile of nine tenths, on the forecast's side.
//             Fewer than three such days: the forecast itself
// Where nothing was traded in a slot there is no price to learn.

#include <deque>

#include "ai/bidding_policy.hpp"

namespace ai {

class ForecastPolicy final : public BiddingPolicy {
 public:
  explicit ForecastPolicy(std::size_t slots_a_day);
  void hear(const SlotOutcome& outcome, ledger::Rng& rng) override;
  std::optional<Bid> bid(const Situation& situation, ledger::Rng& rng) override;

  // None before the first price.
  std::optional<ledger::Price> price_forecast(ledger::Slot slot) const;

 private:
  std::vector<std::deque<std::int64_t>> prices_;  // by slot of the day, newest last
  std::optional<std::int64_t> newest_;
  std::optional<std::int64_t> miss_;  // of its forecasts, in eighths of a micro-EUR/kWh
  std::int64_t least_miss_ = 0;       // of a bid that was not served: of the last bid's range
};

}  // namespace ai
