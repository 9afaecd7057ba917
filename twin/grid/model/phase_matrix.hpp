#pragma once
// Arithmetic of three-phase values, and the step between sequence and phase quantities (Fortescue).

#include <optional>

#include "twin/grid/model/network.hpp"

namespace twin {

inline Phases operator*(const PhaseMatrix& m, const Phases& v) {
  Phases out;
  for (std::size_t p = 0; p < 3; ++p) out[p] = m[p][0] * v[0] + m[p][1] * v[1] + m[p][2] * v[2];
  return out;
}
inline Phases operator+(const Phases& a, const Phases& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}
inline Phases operator-(const Phases& a, const Phases& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

PhaseMatrix operator+(const PhaseMatrix& a, const PhaseMatrix& b);
PhaseMatrix operator-(const PhaseMatrix& a, const PhaseMatrix& b);
PhaseMatrix operator*(const PhaseMatrix& a, const PhaseMatrix& b);
PhaseMatrix operator*(Complex k, const PhaseMatrix& m);
PhaseMatrix transposed(const PhaseMatrix& m);
bool is_zero(const PhaseMatrix& m);
bool is_finite(const PhaseMatrix& m);

// Of the rows and columns in `phases`; the others are zero. Nothing where it is singular.
std::optional<PhaseMatrix> inverse(const PhaseMatrix& m, PhaseMask phases = all_phases);

// Self term (2 z1 + z0) / 3 on the diagonal, mutual term (z0 - z1) / 3 beside it: elements that are
// symmetrical in the phases.
PhaseMatrix from_sequence(Complex z1, Complex z0);

// What a balanced positive sequence sees: (1/3) sum conj(a_p) m_pq a_q, with a_p = exp(-j 120 p).
Complex positive_sequence(const PhaseMatrix& m);

// Element (p, q) of what P phases see of a matrix: three of them, or one for the positive sequence.
template <std::size_t P>
Complex seen(const PhaseMatrix& m, std::size_t p, std::size_t q) {
  return P == 1 ? positive_sequence(m) : m[p][q];
}

}  // namespace twin
