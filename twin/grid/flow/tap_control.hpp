#pragma once
// Voltage regulators in a steady state. Solve, move the taps, solve again, until none moves:
//
//   while (solve(network) and move_taps(network, voltages)) {}
//
// In one round every control compares the voltage that it sees (network.hpp: TapControl) with its
// target. Of those that are out of their band and have a step left that way, the ones with the
// shortest delay move: 70 % of the steps that would bring the target back, rounded down, at least
// one and at most `steps_at_once`. (OpenDSS's static control mode does the same, so that both end
// at the same taps; its manual, RegControl.) Bands at least two steps wide cannot make taps swing.

#include <span>

#include "twin/grid/model/network.hpp"

namespace twin {

// Whether any tap moved. `voltage_v`: by bus, of the network as it is.
bool move_taps(Network& network, std::span<const Phases> voltage_v);

// What a control sees, V on its potential transformer's secondary: |V / pt_ratio - (r + j x) I /
// ct_primary_a|. An isolated star point counts as ground.
double regulated_v(const Network& network, const TapControl& control,
                   std::span<const Phases> voltage_v);

}  // namespace twin
