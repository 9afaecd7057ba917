#pragma once
// From sequence to phase quantities (Fortescue, for elements that are symmetrical in the phases).

#include "twin/grid/network.hpp"

namespace twin {

// Self term (2 z1 + z0) / 3 on the diagonal, mutual term (z0 - z1) / 3 beside it.
inline PhaseMatrix from_sequence(Complex z1, Complex z0) {
  PhaseMatrix out;
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q)
      out[p][q] = p == q ? (2.0 * z1 + z0) / 3.0 : (z0 - z1) / 3.0;
  return out;
}

}  // namespace twin
