#include "ai/market_power_policy.hpp"

#include <algorithm>

namespace ai {

using ledger::mul_div_round;
using ledger::Price;
using ledger::WattHours;

namespace {

constexpr std::int64_t least_offer = 20;  // one part in so many of the surplus
// So near to the range's end demand is all served, and says nothing of how it falls.
constexpr std::int64_t nearest_to_top = 100;

}  // namespace

void MarketPowerPolicy::hear(const SlotOutcome& outcome, ledger::Rng&) { last_ = outcome; }

std::optional<Bid> MarketPowerPolicy::bid(const Situation& s, ledger::Rng&) {
  if (!trades(s)) return std::nullopt;
  if (buys(s)) return bid_for_all(s, s.range.high);
  const std::int64_t surplus = on_side(s, s.expected_net.value);
  const std::int64_t low = s.range.low.value, high = s.range.high.value;
  const bool learns = last_ && last_->price && last_->volume.value > 0 &&
                      s.range.clamp(last_->price->value) == *last_->price &&
                      high - last_->price->value > s.range.width() / nearest_to_top;
  if (!learns) return bid_for_all(s, Price{low + s.range.width() / 2});
  const std::int64_t below = high - last_->price->value, volume = last_->volume.value;
  const bool sold = last_->own && last_->own->side == market::Side::sell;
  const std::int64_t own = sold ? std::min(presumed_fill(*last_).value, volume) : 0;
  const std::int64_t fringe = volume - own;
  const std::int64_t top = high - mul_div_round(fringe, below, volume);
  const Price ask = s.range.clamp(low + (top - low) / 2);
  const std::int64_t residual = mul_div_round(volume, high - ask.value, below) - fringe;
  Bid out = bid_for_all(s, ask);
  out.energy = WattHours{std::clamp(residual, (surplus + least_offer - 1) / least_offer, surplus)};
  return out;
}

}  // namespace ai
