#pragma once
// A low-voltage grid that has lost its source and lives from its own plants: one battery forms the
// voltage, the others help, and what cannot be balanced is curtailed or shed.
//
//   D = sum wanted + losses - sum PV available
//   D > 0   batteries give D, each by its share of what all could give; where that is not enough
//           whole homes are shed, in the order of `turn` onwards, until it is; shed homes keep
//           nothing but their PV and battery
//   D < 0   batteries take -D, each by its share of what all could take; the rest is curtailed, at
//           every plant by the same factor
// The forming battery keeps `reserve` of the balance free on both sides, since losses are only
// known once the grid is solved and end up with it. Without a battery that can form a grid there is
// none: a blackout.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "twin/device/set_points.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

// What a home would do in the coming step if it were left alone, W, all >= 0.
struct IslandHome {
  double wanted_w = 0;                   // all its consumption
  double pv_w = 0;                       // available
  double charge_w = 0, discharge_w = 0;  // most that its battery could take and give
  bool can_form = false;                 // its battery stands on three phases
};

struct IslandPlan {
  std::optional<std::uint32_t> former;  // the home whose battery forms the grid; none: a blackout
  std::vector<SetPoints> asked;         // by home
  std::vector<bool> shed;               // by home
};

// `turn`: which home is shed first; the world moves it on, so that nobody is always the one.
IslandPlan plan_island(std::span<const IslandHome> homes, double losses_w, std::uint32_t turn);

// The network without its source: open where the source fed it, and fed at `bus` at nominal voltage
// by an ideal one. Only the first source is replaced; others are gone as well.
Network islanded(Network network, std::uint32_t bus);

}  // namespace twin
