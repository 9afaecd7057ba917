#include "ai/truthful_policy.hpp"

namespace ai {

std::optional<Bid> TruthfulPolicy::bid(const Situation& s, ledger::Rng&) {
  if (!trades(s)) return std::nullopt;
  return bid_for_all(s, buys(s) ? s.range.high : s.range.low);
}

}  // namespace ai
