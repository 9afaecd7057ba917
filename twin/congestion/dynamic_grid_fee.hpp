#pragma once
// A grid fee that follows the loading that import is expected to make: in a slot whose highest
// expected loading (share of the limit, any element of the feeder that more import would load
// further) is f, a kWh of import costs
//   fee * min(1, max(0, (f - from) / (full - from)))
// more, rounded half away from zero to a micro-EUR. Where there is no forecast there is no fee, nor
// where the feeder is full of feed-in.
//
// What is expected is the homes' day-ahead forecast, and of a home that has said what it plans that
// plan (twin/node/home/home_control.hpp). A fee by the forecast alone knows not that homes answer
// it: all take the few slots that it makes cheap, at once. Here a slot gets dearer with each plan
// made for it, so that plans fill the valley from its bottom: the control signal of Gan, Topcu and
// Low, "Optimal decentralized protocol for electric vehicle charging", IEEE Trans. Power Systems
// 28(2), 2013. Their vehicles answer together, each held to its last profile by a quadratic term;
// these answer in turn, each to a price in which the others' answers are, and keep what they have
// planned unless something is cheaper by a step (ai/home_manager.hpp). With finitely many slots
// that is better-reply play in a congestion game, whose improvements come to an end (Rosenthal,
// 1973), as far as needs and forecasts stand still; they do not wholly, and what is fixed is not
// taken back. The fee of a slot is fixed while the slot before runs
// (twin/node/operator/fee_announcer.hpp).

#include "twin/congestion/rung.hpp"

namespace twin {

// Whether a rung's fee reckons with what homes plan.
inline bool follows_plans(const RungSpec& rung) {
  return rung.kind == RungSpec::Kind::dynamic_grid_fee;
}

class DynamicGridFee final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation& now, LadderPlan& plan) const override;
};

}  // namespace twin
