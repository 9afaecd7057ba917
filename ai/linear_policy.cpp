#include "ai/linear_policy.hpp"

#include <algorithm>

namespace ai {

std::optional<Bid> LinearPolicy::bid(const Situation& s, ledger::Rng&) {
  if (!trades(s)) return std::nullopt;
  const std::int64_t own = on_side(s, s.expected_net.value);
  std::int64_t most = own;
  for (const std::int64_t net : s.day_wh) most = std::max(most, on_side(s, net));
  const std::int64_t way = ledger::mul_div_round(s.range.width(), own, most);
  return bid_for_all(s, {buys(s) ? s.range.low.value + way : s.range.high.value - way});
}

}  // namespace ai
