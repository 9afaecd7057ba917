#include "ai/zip_policy.hpp"

namespace ai {

using ledger::mul_div_round;
using ledger::Rng;
using market::Side;

namespace {

constexpr std::int64_t most_step_permille = 50;  // of R and of A

// Uniform, both ends included.
std::int64_t draw(Rng& rng, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(high - low) + 1));
}

}  // namespace

ZipPolicy::ZipPolicy(Rng rng) {
  for (Trader* t : {&buyer_, &seller_}) {
    t->first_margin_permille = draw(rng, 50, 350);
    t->beta_permille = draw(rng, 100, 500);
    t->gamma_permille = draw(rng, 0, 100);
  }
}

void ZipPolicy::hear(const SlotOutcome& outcome, Rng& rng) {
  if (!outcome.own || !outcome.tells()) return;
  const Bid& own = *outcome.own;
  const bool buyer = own.side == Side::buy;
  const bool served =
      outcome.price && (buyer ? own.limit >= *outcome.price : own.limit <= *outcome.price);
  const std::int64_t shout = outcome.price.value_or(own.limit).value;
  const std::int64_t towards_value = buyer ? 1 : -1;
  const std::int64_t target =
      shout +
      towards_value * (mul_div_round(shout, draw(rng, 0, most_step_permille), 1000) +
                       mul_div_round(range_.width(), draw(rng, 0, most_step_permille), 1000));
  Trader& t = trader(own.side);
  const std::int64_t from = own.limit.value;
  const bool grows = (target - from) * towards_value < 0;
  const std::int64_t wanted = grows == served ? target - from : 0;
  const std::int64_t change = mul_div_round(wanted, t.beta_permille, 1000);
  t.momentum = mul_div_round(t.momentum, t.gamma_permille, 1000) +
               mul_div_round(change, 1000 - t.gamma_permille, 1000);
  t.quote = from + t.momentum;  // within the range once it is bid
}

std::optional<Bid> ZipPolicy::bid(const Situation& s, Rng&) {
  if (!trades(s)) return std::nullopt;
  range_ = s.range;
  Trader& t = trader(buys(s) ? Side::buy : Side::sell);
  if (!t.quote) {
    const std::int64_t margin = mul_div_round(s.range.width(), t.first_margin_permille, 1000);
    t.quote = buys(s) ? s.range.high.value - margin : s.range.low.value + margin;
  }
  return bid_for_all(s, s.range.clamp(*t.quote));
}

}  // namespace ai
