#pragma once
// Series impedance and shunt admittance of parallel conductors above earth, per metre.
//
//   Z_ii = R_i + j w mu0/2pi ln(1 / GMR_i) + Ze_ii      Z_ij = j w mu0/2pi ln(1 / D_ij) + Ze_ij
//   P_ij = 1 / (2 pi eps0) ln(D'_ij / D_ij), D' to the image, D_ii the radius      Y = j w P^-1
//
// The earth's share Ze (f in Hz, rho in ohm metres):
//   modified Carson   w mu0/8 + j w mu0/2pi ln(658.5 sqrt(rho / f))
//       W. H. Kersting, Distribution System Modeling and Analysis, section 4.1; with GMR as given
//   Deri's complex depth p = sqrt(rho / (j w mu0))
//       Ze_ij = j w mu0/2pi ln sqrt((y_i + y_j + 2p)^2 + (x_i - x_j)^2)
//       A. Deri et al., The Complex Ground Return Plane, IEEE Trans. PAS-100 (1981) 3686; with it
//       R_i is the round conductor's at this frequency: Re[j w mu0 / (2 pi k) I0(k) / I1(k)],
//       k = (1 + j) sqrt(f mu0 / Rdc) (skin effect)
// Conductors after the first `phases` are neutrals at ground: eliminated from Z (Kron), left out
// of Y.

#include <vector>

#include "twin/grid/model/network.hpp"

namespace twin {

struct Conductor {
  double x_m = 0, y_m = 0;    // y above ground; below it, its depth counts
  double r_ac = 0, r_dc = 0;  // ohm per metre
  double gmr_m = 0, radius_m = 0;
};

enum class EarthModel : std::uint8_t { carson, deri };

struct LineConstants {
  PhaseMatrix z{}, y{};  // ohm and siemens per metre, on the first `phases`
};

// One to three phases, at most 64 conductors, radii above zero. Nothing where two conductors meet
// or a matrix cannot be inverted.
std::optional<LineConstants> line_constants(const std::vector<Conductor>& conductors,
                                            std::size_t phases, double frequency_hz, double rho,
                                            EarthModel earth);

}  // namespace twin
