#pragma once
// Zero intelligence plus (Cliff, 1997, "Minimal-intelligence agents for bargaining behaviours in
// market-based environments", HPL-97-91), in a call market: each settled slot is one shout, at the
// published price. A home trades on either side, so it is a seller and a buyer, each with a margin
// of its own.
//
//   quote p       seller: low + margin, buyer: high - margin, within the range
//   a slot with an own bid at quote b and price q:
//     served  (b no worse than q)  the margin may grow, to the target t and no further
//     passed  (b worse than q)     the margin may shrink
//     nothing was traded at all    likewise, with its own b for q
//   target        a seller t = q - R q - A, a buyer t = q + R q + A, with R in [0, 0.05] and A in
//                 [0, 0.05] of the range's width drawn anew
//   margin        momentum g <- gamma g + (1 - gamma) beta (t - b);  quote b + g
// Cliff's served trader aims past the price. That is right where shouts come one by one; in a call
// all learn from the same price at once, and a class that aims past it no longer meets (half of the
// surplus was left, tests/ai/test_classroom_market.cpp). So here both aim just short of it. beta in
// [0.1, 0.5], gamma in [0, 0.1] and the first margin in [0.05, 0.35] of the range's width are the
// home's own. Cliff's margin is a share of the limit and his A of prices near 1; here both are
// amounts, so that a value of 0 is none to be divided by. All in integers, thousandths for
// coefficients, each step rounded half away from zero.

#include "ai/bidding_policy.hpp"

namespace ai {

class ZipPolicy final : public BiddingPolicy {
 public:
  explicit ZipPolicy(ledger::Rng rng);
  void hear(const SlotOutcome& outcome, ledger::Rng& rng) override;
  std::optional<Bid> bid(const Situation& situation, ledger::Rng& rng) override;

 private:
  struct Trader {
    std::int64_t first_margin_permille = 0, beta_permille = 0, gamma_permille = 0;
    std::int64_t momentum = 0;          // micro-EUR/kWh
    std::optional<std::int64_t> quote;  // none before the first bid
  };
  Trader& trader(market::Side side) { return side == market::Side::buy ? buyer_ : seller_; }

  Trader buyer_, seller_;
  PriceRange range_{};  // of the last bid
};

}  // namespace ai
