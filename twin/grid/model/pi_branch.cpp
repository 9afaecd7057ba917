#include "twin/grid/model/pi_branch.hpp"

#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

namespace twin {

Transformer transformer_of(const PiBranch& b) {
  Transformer t;
  t.from = b.from;
  t.to = b.to;
  t.coils = coils_of(Winding::wye_grounded, Winding::wye_grounded, 0);
  t.from_coil_v = b.from_nominal_v;
  t.to_coil_v = b.to_nominal_v;
  t.from_tap = b.k;
  t.z = b.z;
  t.shift_rad = b.theta_rad;
  const double n = b.k * b.from_nominal_v / b.to_nominal_v;
  const Complex half = b.y / 2.0;
  t.from_shunt = from_sequence(half / (n * n), half / (n * n));
  t.to_shunt = from_sequence(half, half);
  return t;
}

Complex link_impedance(double nominal_v) {
  const double ratio_squared = 3 * nominal_v * nominal_v / (1e4 * 1e4);
  return ratio_squared / (1e8 * Complex(1, 1));
}

}  // namespace twin
