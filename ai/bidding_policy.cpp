#include "ai/bidding_policy.hpp"

namespace ai {

std::optional<Bid> zero_intelligence_bid(ledger::WattHours expected_net,
                                         const market::Tariff& tariff, ledger::Rng& rng) {
  const std::int64_t low = tariff.retail_sell.value, high = tariff.break_even().value;
  if (expected_net.value == 0 || low > high) return std::nullopt;
  const auto width = static_cast<std::uint64_t>(high - low) + 1;
  const ledger::Price limit{low + static_cast<std::int64_t>(rng.below(width))};
  const bool buys = expected_net.value > 0;
  return Bid{buys ? market::Side::buy : market::Side::sell, buys ? expected_net : -expected_net,
             limit};
}

}  // namespace ai
