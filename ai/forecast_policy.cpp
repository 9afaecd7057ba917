#include "ai/forecast_policy.hpp"

#include <algorithm>
#include <cstdlib>

namespace ai {

using ledger::Price;
using ledger::WattHours;

namespace {

constexpr std::size_t prices_kept = 7, days_wanted = 3;

// By nearest rank: the smallest value that at least `permille` of them do not exceed.
std::int64_t quantile(std::vector<std::int64_t> values, std::size_t permille) {
  const std::size_t rank = std::max<std::size_t>((values.size() * permille + 999) / 1000, 1);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank - 1),
                   values.end());
  return values[rank - 1];
}

// What to order of a net of this side.
std::int64_t energy_of(const Situation& s) {
  if (s.past_wh.size() < days_wanted) return on_side(s, s.expected_net.value);
  std::vector<std::int64_t> own;
  for (const std::int64_t net : s.past_wh) own.push_back(on_side(s, net));
  return quantile(std::move(own), 900);
}

}  // namespace

ForecastPolicy::ForecastPolicy(std::size_t slots_a_day) : prices_(slots_a_day) {}

std::optional<Price> ForecastPolicy::price_forecast(ledger::Slot slot) const {
  const auto& same = prices_[slot.value % prices_.size()];
  if (!same.empty()) return Price{quantile({same.begin(), same.end()}, 500)};
  if (newest_) return Price{*newest_};
  return std::nullopt;
}

void ForecastPolicy::hear(const SlotOutcome& outcome, ledger::Rng&) {
  const auto expected = price_forecast(outcome.slot);
  std::optional<std::int64_t> missed;
  if (outcome.price && expected) missed = std::abs(outcome.price->value - expected->value);
  if (outcome.own && outcome.tells() && presumed_fill(outcome) < outcome.own->energy)
    missed = std::max(missed.value_or(0), least_miss_);
  if (missed) miss_ = miss_ ? *miss_ + *missed - *miss_ / 8 : *missed * 8;
  if (!outcome.price) return;
  newest_ = outcome.price->value;
  auto& same = prices_[outcome.slot.value % prices_.size()];
  same.push_back(*newest_);
  if (same.size() > prices_kept) same.pop_front();
}

std::optional<Bid> ForecastPolicy::bid(const Situation& s, ledger::Rng&) {
  if (!trades(s)) return std::nullopt;
  const WattHours energy{energy_of(s)};
  if (energy.value == 0) return std::nullopt;
  const std::int64_t price =
      price_forecast(s.slot).value_or(Price{s.range.low.value + s.range.width() / 2}).value;
  least_miss_ = s.range.width() / 4;
  const std::int64_t surety = miss_ ? *miss_ / 8 : least_miss_;
  Bid out = bid_for_all(s, s.range.clamp(buys(s) ? price + surety : price - surety));
  out.energy = energy;
  return out;
}

}  // namespace ai
