#pragma once
// A seller who knows that its own quantity moves the price, and withholds: what it does not offer
// it still sells to the retailer. As a buyer it is truthful.
//
// It takes the neighbours' demand to be linear, from the range's high, where nobody buys, through
// the last slot's public price p and volume V, and what others sold then, F = V - its own fill, to
// be offered again. Its residual demand at a price x is then
//
//   R(x) = V (high - x) / (high - p) - F,      which falls to 0 at  top = high - F (high - p) / V
// and (x - low) R(x) is largest at the monopolist's mark-up (Lerner, 1934; a single Cournot seller
// before a fringe that takes prices):
//
//   asks     x = (low + top) / 2, rounded down     offers   min(surplus, R(x))
// Before it has heard a price, and after a slot without trade or within a hundredth of the range
// from its high end, it asks the middle of the range for its whole surplus. At least a twentieth of
// the surplus is offered, so that there is a price to learn from.

#include "ai/bidding_policy.hpp"

namespace ai {

class MarketPowerPolicy final : public BiddingPolicy {
 public:
  void hear(const SlotOutcome& outcome, ledger::Rng& rng) override;
  std::optional<Bid> bid(const Situation& situation, ledger::Rng& rng) override;

 private:
  std::optional<SlotOutcome> last_;
};

}  // namespace ai
