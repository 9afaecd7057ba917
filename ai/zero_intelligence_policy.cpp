#include "ai/zero_intelligence_policy.hpp"

namespace ai {

std::optional<Bid> ZeroIntelligencePolicy::bid(const Situation& s, ledger::Rng& rng) {
  if (!trades(s)) return std::nullopt;
  const auto prices = static_cast<std::uint64_t>(s.range.width()) + 1;
  return bid_for_all(s, s.range.low + ledger::Price{static_cast<std::int64_t>(rng.below(prices))});
}

}  // namespace ai
