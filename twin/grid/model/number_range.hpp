#pragma once
// The numbers that grid files may hold. Ones beyond are finite, but what is computed of them is
// not: they are refused where they stand. In the file's own units, be they ohm, kW or per cent.

#include <cmath>
#include <complex>

namespace twin {

// No number is as large as this, whatever its sign.
constexpr double too_large = 1e15;
// What must be above zero, and impedances that are not zero, are at least this.
constexpr double least_above_zero = 1e-12;

inline bool is_too_large(double v) { return !(std::abs(v) < too_large); }
// Zero as well.
inline bool is_too_small(double v) { return !(std::abs(v) >= least_above_zero); }
inline bool is_too_small(std::complex<double> v) { return is_too_small(std::abs(v)); }

}  // namespace twin
