#pragma once
// A limit that is linear in the surplus. Let m be the day's largest net on the same side as the
// slot's (at least the slot's own) and x = |net| / m:
//
//   seller   high - x (high - low)   asks little where it has much, and much for a rest
//   buyer    low  + x (high - low)   bids much where it needs much
// rounded half away from zero. All of its net is ordered.

#include "ai/bidding_policy.hpp"

namespace ai {

class LinearPolicy final : public BiddingPolicy {
 public:
  std::optional<Bid> bid(const Situation& situation, ledger::Rng& rng) override;
};

}  // namespace ai
