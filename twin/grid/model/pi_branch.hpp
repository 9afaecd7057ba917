#pragma once
// A pi circuit behind an ideal transformer of complex ratio, as MATPOWER's branches and
// power-grid-model's generic_branch have it (MATPOWER User's Manual, 3.2):
//   V_from = k exp(j theta) (from_nominal / to_nominal) V_inner
// then the series impedance z with half the shunt y at each of its ends, both at `to`'s voltage.

#include "twin/grid/model/network.hpp"

namespace twin {

struct PiBranch {
  std::uint32_t from = 0, to = 0;
  double from_nominal_v = 0, to_nominal_v = 0;  // phase to ground
  Complex z, y;                                 // ohm, siemens
  double k = 1, theta_rad = 0;
};

// Three single-phase units between phases and ground: zero sequence as positive sequence. Name,
// id, rating and switches are the caller's.
Transformer transformer_of(const PiBranch& branch);

// The impedance that stands for none, of a link or closed switch: 1 / (1e8 (1 + j)) ohm at 10 kV
// from line to line, by the square of the voltage elsewhere. power-grid-model's `link` has a
// hundred times that, which shows in the seventh digit of voltages that its own cases say are
// equal.
Complex link_impedance(double nominal_v);  // phase to ground

}  // namespace twin
