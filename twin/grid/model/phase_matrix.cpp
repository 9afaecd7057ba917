#include "twin/grid/model/phase_matrix.hpp"

#include <cmath>
#include <numbers>
#include <utility>

namespace twin {
namespace {

template <class Entry>
PhaseMatrix by_entry(Entry&& entry) {
  PhaseMatrix out;
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q) out[p][q] = entry(p, q);
  return out;
}

}  // namespace

PhaseMatrix operator+(const PhaseMatrix& a, const PhaseMatrix& b) {
  return by_entry([&](auto p, auto q) { return a[p][q] + b[p][q]; });
}
PhaseMatrix operator-(const PhaseMatrix& a, const PhaseMatrix& b) {
  return by_entry([&](auto p, auto q) { return a[p][q] - b[p][q]; });
}
PhaseMatrix operator*(const PhaseMatrix& a, const PhaseMatrix& b) {
  return by_entry(
      [&](auto p, auto q) { return a[p][0] * b[0][q] + a[p][1] * b[1][q] + a[p][2] * b[2][q]; });
}
PhaseMatrix operator*(Complex k, const PhaseMatrix& m) {
  return by_entry([&](auto p, auto q) { return k * m[p][q]; });
}
PhaseMatrix transposed(const PhaseMatrix& m) {
  return by_entry([&](auto p, auto q) { return m[q][p]; });
}

bool is_zero(const PhaseMatrix& m) {
  for (const auto& row : m)
    for (const Complex& c : row)
      if (c != Complex{}) return false;
  return true;
}

bool is_finite(const PhaseMatrix& m) {
  for (const auto& row : m)
    for (const Complex& c : row)
      if (!std::isfinite(c.real()) || !std::isfinite(c.imag())) return false;
  return true;
}

std::optional<PhaseMatrix> inverse(const PhaseMatrix& m, PhaseMask phases) {
  PhaseMatrix a = m, out{};
  for (std::size_t p = 0; p < 3; ++p) {
    out[p][p] = 1;
    if (phases >> p & 1) continue;
    for (std::size_t q = 0; q < 3; ++q) a[p][q] = a[q][p] = 0;
    a[p][p] = 1;
  }
  // Gauss-Jordan with the largest pivot of each column.
  for (std::size_t c = 0; c < 3; ++c) {
    std::size_t best = c;
    for (std::size_t r = c + 1; r < 3; ++r)
      if (std::abs(a[r][c]) > std::abs(a[best][c])) best = r;
    std::swap(a[c], a[best]);
    std::swap(out[c], out[best]);
    const Complex pivot = a[c][c];
    if (pivot == Complex{} || !std::isfinite(std::abs(1.0 / pivot))) return std::nullopt;
    for (std::size_t q = 0; q < 3; ++q) {
      a[c][q] /= pivot;
      out[c][q] /= pivot;
    }
    for (std::size_t r = 0; r < 3; ++r) {
      if (r == c) continue;
      const Complex k = a[r][c];
      for (std::size_t q = 0; q < 3; ++q) {
        a[r][q] -= k * a[c][q];
        out[r][q] -= k * out[c][q];
      }
    }
  }
  for (std::size_t p = 0; p < 3; ++p)
    if (!(phases >> p & 1)) out[p][p] = 0;
  return out;
}

PhaseMatrix from_sequence(Complex z1, Complex z0) {
  return by_entry([&](auto p, auto q) { return p == q ? (2.0 * z1 + z0) / 3.0 : (z0 - z1) / 3.0; });
}

Complex positive_sequence(const PhaseMatrix& m) {
  const Complex a = std::polar(1.0, -2 * std::numbers::pi / 3);
  const std::array<Complex, 3> turn{1.0, a, a * a};
  Complex sum;
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q) sum += std::conj(turn[p]) * m[p][q] * turn[q];
  return sum / 3.0;
}

}  // namespace twin
