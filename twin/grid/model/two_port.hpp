#pragma once
// A branch as its terminals see it: the primitive nodal admittance of six terminals, three at each
// end,
//   I_from = ff V_from + ft V_to      I_to = tf V_from + tt V_to       both into the branch, A
// Open ends are already taken in: what hangs on an open end is seen from the other one.

#include "twin/grid/model/network.hpp"

namespace twin {

struct TwoPort {
  PhaseMatrix ff{}, ft{}, tf{}, tt{};  // siemens
};

// Whether a line, open at one end, has no admittance at the other: its charging and its series
// impedance cancel.
bool resonates(const Line& line);

// Needs z invertible on the line's phases, and an open line that does not resonate.
TwoPort admittance(const Line& line);

// From the coils: with k = 1 / n, y = 1 / (z to_tap^2), every pair adds y [k^2 -k; -k 1] between
// its ends; star points are eliminated (Kron), and phases without a path to ground tied to it by
// their mean (antifloat). Shunts are added and the phase shifter turns `from`. Needs z other than
// zero.
TwoPort admittance(const Transformer& transformer);

enum class Winding : std::uint8_t { wye_grounded, wye, delta };

// The coils of a three-phase transformer by its vector group, and the voltage over one of its coils
// where `line_v` is rated from line to line. `clock`: hours by which the `to` side lags, 0 to 12;
// even hours for two wyes or two deltas, odd ones for one of each. Empty where there is no such
// group.
std::vector<CoilPair> coils_of(Winding from, Winding to, int clock);
double coil_voltage(Winding winding, double line_v);

}  // namespace twin
