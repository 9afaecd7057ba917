#pragma once
// How a home turns what it knows before a slot into an order for it: one interface, a policy a
// file. A policy decides on nothing but what its own home measured and what is public, and its
// limits never leave the range in which a trade is no worse than the retailer.
//
//   buyer    net > 0: its value of a kWh is the range's `high`; it pays at most that to a neighbour
//   seller   net < 0: its value of a kWh is the range's `low`;  it takes at least that
// No order where the range is empty or the net is zero. Prices and energies are integers; a policy
// keeps bounded memory, and with the same calls and streams it bids the same.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/rng.hpp"
#include "market/clearing/order.hpp"
#include "market/clearing/tariff.hpp"

namespace ai {

struct Bid {
  market::Side side = market::Side::buy;
  ledger::WattHours energy;
  ledger::Price limit;

  auto operator<=>(const Bid&) const = default;
};

// Limits that make sense to a trader, both ends included.
struct PriceRange {
  ledger::Price low, high;

  bool empty() const { return high < low; }
  std::int64_t width() const { return high.value - low.value; }
  ledger::Price clamp(std::int64_t price) const;
};
// From what the retailer pays for a kWh to the price at which a neighbour's costs as much as the
// retailer's, fee and levies included.
PriceRange range_of(const market::Tariff& tariff);

// What a home knows when it orders.
struct Situation {
  ledger::Slot slot;
  ledger::WattHours expected_net;  // of the slot, import positive
  PriceRange range;
  std::span<const std::int64_t> day_wh;   // the net forecast of the slot's whole day
  std::span<const std::int64_t> past_wh;  // its net in the same slot of the days before
};

// What a home hears of a slot that was settled: what the settlement on the public log says, and
// what it had bid itself.
struct SlotOutcome {
  ledger::Slot slot;
  std::optional<ledger::Price> price;  // none: nothing was traded, or each deal has its own
  ledger::WattHours volume;
  std::optional<Bid> own;

  // Whether it says who was served: not where deals have prices that are not public.
  bool tells() const { return price || volume.value == 0; }
};

// How much of its own bid was served, as far as it follows from the price: all of one that is
// better, nothing of one that is worse. At the price itself orders share; half is presumed.
ledger::WattHours presumed_fill(const SlotOutcome& outcome);

class BiddingPolicy {
 public:
  virtual ~BiddingPolicy() = default;

  // Slots in rising order, each once; not every slot needs to be heard of.
  virtual void hear(const SlotOutcome& outcome, ledger::Rng& rng);
  virtual std::optional<Bid> bid(const Situation& situation, ledger::Rng& rng) = 0;
};

enum class Strategy : std::uint8_t {
  truthful,           // truthful_policy.hpp
  zero_intelligence,  // zero_intelligence_policy.hpp
  linear,             // linear_policy.hpp
  adaptive,           // zip_policy.hpp
  forecast,           // forecast_policy.hpp
  market_power,       // market_power_policy.hpp
};
// Their names in a scenario, in the enum's order.
const std::vector<std::string>& names_of_strategies();

// `slots_a_day`: of the market. `rng`: the home's own, from which a policy draws what it is like.
std::unique_ptr<BiddingPolicy> make_bidding_policy(Strategy strategy, std::size_t slots_a_day,
                                                   ledger::Rng rng);

// Whether there is something to trade, and the bid for all of it at a limit. No order is for more
// than the market takes.
bool trades(const Situation& situation);
bool buys(const Situation& situation);
Bid bid_for_all(const Situation& situation, ledger::Price limit);
// Of a net, what is on the situation's side: 0 where it is on the other one. At most what an order
// may hold.
std::int64_t on_side(const Situation& situation, std::int64_t net_wh);

}  // namespace ai
