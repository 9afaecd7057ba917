#pragma once
// Zero intelligence, constrained (Gode and Sunder, 1993, "Allocative efficiency of markets with
// zero-intelligence traders"): all of its net at a limit drawn uniformly from the range, both ends
// included. What such a market achieves is the market's doing, not the traders'.

#include "ai/bidding_policy.hpp"

namespace ai {

class ZeroIntelligencePolicy final : public BiddingPolicy {
 public:
  std::optional<Bid> bid(const Situation& situation, ledger::Rng& rng) override;
};

}  // namespace ai
