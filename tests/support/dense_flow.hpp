#pragma once
// A second opinion on small networks: fixed-point iteration on the full nodal admittance matrix,
// factored once (as OpenDSS solves), with nothing in common with the solvers under test but the
// elements' own admittances. Loads stand in the matrix with their nominal admittance; the rest of
// their current is injected.

#include <cmath>
#include <numbers>
#include <vector>

#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

namespace test {

using twin::Complex;
using twin::operator*;

class DenseFlow {
 public:
  explicit DenseFlow(const twin::Network& network) : net_(network) { build(); }

  // Whether it converged, to 1e-8 of nominal voltage.
  bool solve() {
    for (int iteration = 0; iteration < 500; ++iteration) {
      std::vector<Complex> current = sources_;
      if (iteration > 0)
        for (const twin::Connection& c : net_.connections) inject(c, current);
      substitute(current);
      double moved = 0;
      for (std::size_t n = 0; n < current.size(); ++n)
        moved = std::max(moved, std::abs(current[n] - v_[n]) / net_.buses[n / 3].nominal_v);
      v_ = current;
      if (iteration > 0 && moved < 1e-8) return true;
    }
    return false;
  }
  std::vector<twin::Phases> voltages() const {
    std::vector<twin::Phases> out(net_.buses.size());
    for (std::size_t n = 0; n < v_.size(); ++n) out[n / 3][n % 3] = v_[n];
    return out;
  }

 private:
  void add(std::size_t bus_a, std::size_t bus_b, const twin::PhaseMatrix& y) {
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t q = 0; q < 3; ++q) y_[3 * bus_a + p][3 * bus_b + q] += y[p][q];
  }
  template <class Branch>
  void add_branch(const Branch& b) {
    const twin::TwoPort y = twin::admittance(b);
    add(b.from, b.from, y.ff);
    add(b.from, b.to, y.ft);
    add(b.to, b.from, y.tf);
    add(b.to, b.to, y.tt);
  }
  void build() {
    const std::size_t n = 3 * net_.buses.size();
    y_.assign(n, std::vector<Complex>(n));
    sources_.assign(n, 0);
    v_.assign(n, 0);
    for (const auto& l : net_.lines) add_branch(l);
    for (const auto& t : net_.transformers) add_branch(t);
    for (const auto& s : net_.shunts) add(s.bus, s.bus, s.y);
    for (const auto& s : net_.sources) add_source(s);
    for (const auto& c : net_.connections)
      for (std::size_t leg = 0; leg < 3; ++leg)
        if (c.phases >> leg & 1) add_leg(c, leg);
    for (std::size_t i = 0; i < n; ++i)
      if (y_[i][i] == Complex{}) y_[i][i] = 1;  // no such phase
    factor();
  }
  void add_source(const twin::Source& s) {
    const auto y = twin::inverse(s.z);
    add(s.bus, s.bus, *y);
    twin::Phases e;
    for (std::size_t p = 0; p < 3; ++p)
      e[p] = std::polar(s.voltage_pu * net_.buses[s.bus].nominal_v,
                        (s.angle_deg - 120.0 * static_cast<double>(p)) * std::numbers::pi / 180);
    const twin::Phases i = *y * e;
    for (std::size_t p = 0; p < 3; ++p) sources_[3 * s.bus + p] += i[p];
  }
  static Complex nominal_y(const twin::Network& net, const twin::Connection& c, std::size_t leg) {
    return std::conj(c.draw_va[leg]) / std::pow(twin::leg_nominal_v(net, c), 2);
  }
  void add_leg(const twin::Connection& c, std::size_t leg) {
    const Complex y = nominal_y(net_, c, leg);
    const std::size_t a = 3 * c.bus + leg, b = 3 * c.bus + (leg + 1) % 3;
    y_[a][a] += y;
    if (c.hookup == twin::Hookup::wye) return;
    y_[b][b] += y;
    y_[a][b] -= y;
    y_[b][a] -= y;
  }
  void inject(const twin::Connection& c, std::vector<Complex>& current) const {
    const double nominal = twin::leg_nominal_v(net_, c);
    for (std::size_t leg = 0; leg < 3; ++leg) {
      if (!(c.phases >> leg & 1)) continue;
      const std::size_t a = 3 * c.bus + leg, b = 3 * c.bus + (leg + 1) % 3;
      const bool delta = c.hookup == twin::Hookup::delta;
      const Complex v = delta ? v_[a] - v_[b] : v_[a];
      const double u = std::abs(v) / nominal;
      const double inside = std::min(std::max(u, c.model.min_pu), c.model.max_pu);
      const auto share = [&](const std::array<double, 3>& k) {
        const bool whole = c.model.whole_outside && u != inside;
        return (whole ? 1 : k[0] + k[1] * inside + k[2] * inside * inside) * (u / inside) *
               (u / inside);
      };
      const Complex s(c.draw_va[leg].real() * share(c.model.p_shares),
                      c.draw_va[leg].imag() * share(c.model.q_shares));
      const Complex extra = nominal_y(net_, c, leg) * v - std::conj(s / v);
      current[a] += extra;
      if (delta) current[b] -= extra;
    }
  }
  // LU with row pivoting, in place.
  void factor() {
    const std::size_t n = y_.size();
    rows_.resize(n);
    for (std::size_t i = 0; i < n; ++i) rows_[i] = i;
    for (std::size_t k = 0; k < n; ++k) {
      std::size_t best = k;
      for (std::size_t i = k + 1; i < n; ++i)
        if (std::norm(y_[i][k]) > std::norm(y_[best][k])) best = i;
      std::swap(y_[k], y_[best]);
      std::swap(rows_[k], rows_[best]);
      for (std::size_t i = k + 1; i < n; ++i) {
        if (y_[i][k] == Complex{}) continue;
        y_[i][k] /= y_[k][k];
        for (std::size_t j = k + 1; j < n; ++j) y_[i][j] -= y_[i][k] * y_[k][j];
      }
    }
  }
  void substitute(std::vector<Complex>& x) const {
    const std::size_t n = y_.size();
    std::vector<Complex> b(n);
    for (std::size_t i = 0; i < n; ++i) b[i] = x[rows_[i]];
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < i; ++k) b[i] -= y_[i][k] * b[k];
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t k = i + 1; k < n; ++k) b[i] -= y_[i][k] * b[k];
      b[i] /= y_[i][i];
    }
    x = b;
  }

  const twin::Network& net_;
  std::vector<std::vector<Complex>> y_;
  std::vector<std::size_t> rows_;
  std::vector<Complex> sources_, v_;
};

}  // namespace test
