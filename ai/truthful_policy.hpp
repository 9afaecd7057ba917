#pragma once
// Says what a kWh is worth to it, and orders all of its net: a buyer bids the range's high, a
// seller asks its low. With everybody truthful a uniform auction finds the largest welfare there
// is, and the price falls to one end of the range or the other by which side is short.

#include "ai/bidding_policy.hpp"

namespace ai {

class TruthfulPolicy final : public BiddingPolicy {
 public:
  std::optional<Bid> bid(const Situation& situation, ledger::Rng& rng) override;
};

}  // namespace ai
