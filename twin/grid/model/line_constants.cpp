#include "twin/grid/model/line_constants.hpp"

#include <cmath>
#include <numbers>

#include "ledger/base/invariant.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace twin {
namespace {

constexpr double mu0 = 4e-7 * std::numbers::pi;
constexpr double eps0 = 8.854e-12;  // as OpenDSS has it
constexpr double two_pi = 2 * std::numbers::pi;
constexpr std::size_t max_conductors = 64;

using Matrix = std::vector<std::vector<Complex>>;

// I0(k) / I1(k) by their power series; both grow alike, so that the ratio tends to 1.
Complex bessel_ratio(Complex k) {
  if (std::abs(k) > 35) return 1;
  const Complex q = k * k / 4.0;
  Complex term = 1, i0 = 1, i1 = 1;
  for (int n = 1; n < 200 && std::abs(term) > 1e-18 * std::abs(i0); ++n) {
    term *= q / static_cast<double>(n) / static_cast<double>(n);
    i0 += term;
    i1 += term / static_cast<double>(n + 1);
  }
  return i0 / (k / 2.0 * i1);
}

double resistance(const Conductor& c, double f, EarthModel earth) {
  if (earth == EarthModel::carson || c.r_dc <= 0) return c.r_ac;
  const Complex k = Complex(1, 1) * std::sqrt(f * mu0 / c.r_dc);
  return (Complex(1, 1) * bessel_ratio(k)).real() * std::sqrt(c.r_dc * f * mu0) / 2;
}

Complex earth_share(const Conductor& a, const Conductor& b, double f, double rho,
                    EarthModel earth) {
  const double w = two_pi * f;
  if (earth == EarthModel::carson)
    return {w * mu0 / 8, w * mu0 / two_pi * std::log(658.5 * std::sqrt(rho / f))};
  const Complex depth = 1.0 / std::sqrt(Complex(0, w * mu0 / rho));
  const Complex height = std::abs(a.y_m) + std::abs(b.y_m) + 2.0 * depth;
  const double apart = a.x_m - b.x_m;
  return Complex(0, w * mu0 / two_pi) * std::log(std::sqrt(height * height + apart * apart));
}

double distance(const Conductor& a, const Conductor& b) {
  return std::hypot(a.x_m - b.x_m, a.y_m - b.y_m);
}
double distance_to_image(const Conductor& a, const Conductor& b) {
  return std::hypot(a.x_m - b.x_m, a.y_m + b.y_m);
}

// Eliminates the last rows and columns, down to `order`. False where it cannot.
bool reduce(Matrix& m, std::size_t order) {
  for (std::size_t n = m.size(); n-- > order;) {
    const Complex pivot = m[n][n];
    if (!(std::abs(pivot) > 0)) return false;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n; ++k) m[i][k] -= m[i][n] * m[n][k] / pivot;
  }
  return true;
}

PhaseMatrix upper_left(const Matrix& m, std::size_t order) {
  PhaseMatrix out{};
  for (std::size_t i = 0; i < order; ++i)
    for (std::size_t k = 0; k < order; ++k) out[i][k] = m[i][k];
  return out;
}

}  // namespace

std::optional<LineConstants> line_constants(const std::vector<Conductor>& conductors,
                                            std::size_t phases, double f, double rho,
                                            EarthModel earth) {
  const std::size_t n = conductors.size();
  ledger::invariant(phases >= 1 && phases <= 3 && phases <= n && n <= max_conductors,
                    "the conductors were counted");
  const Complex jx(0, two_pi * f * mu0 / two_pi);
  Matrix z(n, std::vector<Complex>(n)), p = z;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k) {
      const Conductor &a = conductors[i], &b = conductors[k];
      const double apart = i == k ? a.gmr_m : distance(a, b);
      const double in_field = i == k ? a.radius_m : distance(a, b);
      if (!(apart > 0) || !(in_field > 0)) return std::nullopt;
      z[i][k] = -jx * std::log(apart) + earth_share(a, b, f, rho, earth);
      if (i == k) z[i][k] += resistance(a, f, earth);
      p[i][k] = std::log(distance_to_image(a, b) / in_field) / (two_pi * eps0);
    }
  // Grounded neutrals: eliminating them from P is the same as leaving them out of its inverse.
  if (!reduce(z, phases) || !reduce(p, phases)) return std::nullopt;
  const auto mask = static_cast<PhaseMask>((1 << phases) - 1);
  const auto c = inverse(upper_left(p, phases), mask);
  LineConstants out{upper_left(z, phases), {}};
  if (!c || !is_finite(out.z) || !is_finite(*c)) return std::nullopt;
  out.y = Complex(0, two_pi * f) * *c;
  return out;
}

}  // namespace twin
