#include "tests/support/power_balance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/topology.hpp"
#include "twin/grid/model/two_port.hpp"

namespace test {
namespace {

using namespace twin;

Phases emf_v(const Network& net, const Source& s) {
  Phases out;
  for (int p = 0; p < 3; ++p)
    out[static_cast<std::size_t>(p)] = std::polar(s.voltage_pu * net.buses[s.bus].nominal_v,
                                                  (s.angle_deg - 120 * p) * std::numbers::pi / 180);
  return out;
}

TwoPort two_port(const Network& net, std::uint32_t branch) {
  return branch < net.lines.size() ? admittance(net.lines[branch])
                                   : admittance(net.transformers[branch - net.lines.size()]);
}

// Currents out of buses into elements: their sum, and the sum of their sizes, by phase.
struct Tally {
  std::vector<Phases> sum;
  std::vector<std::array<double, 3>> sizes;

  explicit Tally(std::size_t buses) : sum(buses), sizes(buses) {}
  void add(std::uint32_t bus, const Phases& i) {
    for (std::size_t p = 0; p < 3; ++p) {
      sum[bus][p] += i[p];
      sizes[bus][p] += std::abs(i[p]);
    }
  }
};

// What a source can deliver in any amount, as far as it is to be taken off a phase's rest.
enum class Freedom : std::uint8_t { none, reactive, all };

// A square complex system, row by row, with one right-hand side a column.
using Row = std::vector<Complex>;

// Gauss-Jordan: a becomes its inverse.
void invert(std::vector<Row>& a) {
  const std::size_t n = a.size();
  for (std::size_t r = 0; r < n; ++r) {
    a[r].resize(2 * n);
    a[r][n + r] = 1;
  }
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t best = c;
    for (std::size_t r = c; r < n; ++r)
      if (std::abs(a[r][c]) > std::abs(a[best][c])) best = r;
    std::swap(a[c], a[best]);
    const Complex pivot = a[c][c];
    for (Complex& x : a[c]) x /= pivot;
    for (std::size_t r = 0; r < n; ++r) {
      const Complex k = a[r][c];
      if (r == c || k == Complex{}) continue;
      for (std::size_t q = c; q < 2 * n; ++q) a[r][q] -= k * a[c][q];
    }
  }
  for (Row& row : a) row.erase(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(n));
}

struct Dense {
  std::vector<Row> y;
  Row i;  // what sources drive in

  explicit Dense(std::size_t buses) : y(3 * buses, Row(3 * buses)), i(3 * buses) {}
  void add(std::uint32_t row, std::uint32_t column, const PhaseMatrix& m) {
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t q = 0; q < 3; ++q) y[3 * row + p][3 * column + q] += m[p][q];
  }
  void fix(std::size_t k, Complex v) {
    std::fill(y[k].begin(), y[k].end(), Complex{});
    y[k][k] = 1;
    i[k] = v;
  }
};

Dense dense_of(const Network& net, std::span<const PhaseMask> live) {
  Dense d(net.buses.size());
  for (std::uint32_t b = 0; b < branch_count(net); ++b) {
    const TwoPort y = two_port(net, b);
    const auto [from, to] = branch_ends(net, b);
    d.add(from, from, y.ff);
    d.add(from, to, y.ft);
    d.add(to, from, y.tf);
    d.add(to, to, y.tt);
  }
  for (const Shunt& s : net.shunts) d.add(s.bus, s.bus, s.y);
  for (const Source& s : net.sources) {
    const Phases e = emf_v(net, s);
    const Phases i = is_zero(s.z) ? e : *inverse(s.z) * e;
    if (!is_zero(s.z)) d.add(s.bus, s.bus, *inverse(s.z));
    for (std::size_t p = 0; p < 3; ++p) {
      if (is_zero(s.z))
        d.fix(3 * s.bus + p, i[p]);
      else
        d.i[3 * s.bus + p] += i[p];
    }
  }
  for (std::size_t k = 0; k < d.i.size(); ++k)
    if (!(live[k / 3] >> k % 3 & 1)) d.fix(k, 0);
  return d;
}

}  // namespace

Complex power_at(const Connection& c, Complex draw_va, double nominal_v, Complex v) {
  const double u = std::abs(v) / nominal_v;
  const double inside = std::min(std::max(u, c.model.min_pu), c.model.max_pu);
  const auto& k = c.model.p_shares;
  const auto& h = c.model.q_shares;
  const double outside = inside == u ? 1 : u * u / (inside * inside);
  return outside * Complex(draw_va.real() * (k[0] + k[1] * inside + k[2] * inside * inside),
                           draw_va.imag() * (h[0] + h[1] * inside + h[2] * inside * inside));
}

std::vector<Phases> drawn_a(const Network& net, std::span<const Phases> draw_va,
                            std::span<const Phases> voltage_v, std::span<const PhaseMask> live) {
  std::vector<Phases> out(net.buses.size());
  for (std::size_t n = 0; n < net.connections.size(); ++n) {
    const Connection& c = net.connections[n];
    for (unsigned p = 0; p < 3; ++p) {
      const unsigned q = c.hookup == Hookup::delta ? (p + 1) % 3 : p;
      const unsigned needed = 1u << p | 1u << q;
      if (!(c.phases >> p & 1) || (live[c.bus] & needed) != needed) continue;
      const Complex v = leg_voltage(c, voltage_v[c.bus], p);
      const Complex s = power_at(c, draw_va[n][p], leg_nominal_v(net, c), v);
      if (s == Complex{}) continue;
      out[c.bus][p] += std::conj(s / v);
      if (q != p) out[c.bus][q] -= std::conj(s / v);
    }
  }
  return out;
}

Balance power_balance(const Network& net, std::span<const Phases> draw_va,
                      std::span<const Phases> voltage_v) {
  const std::vector<PhaseMask> live = topology_of(net).live;
  Tally tally(net.buses.size());
  std::vector<Freedom> freedom(net.buses.size(), Freedom::none);
  for (std::uint32_t b = 0; b < branch_count(net); ++b) {
    const TwoPort y = two_port(net, b);
    const auto [from, to] = branch_ends(net, b);
    tally.add(from, y.ff * voltage_v[from] + y.ft * voltage_v[to]);
    tally.add(to, y.tf * voltage_v[from] + y.tt * voltage_v[to]);
  }
  for (const Shunt& s : net.shunts) tally.add(s.bus, s.y * voltage_v[s.bus]);
  const std::vector<Phases> drawn = drawn_a(net, draw_va, voltage_v, live);
  for (std::uint32_t b = 0; b < net.buses.size(); ++b) tally.add(b, drawn[b]);
  for (const Generator& g : net.generators) {
    freedom[g.bus] = Freedom::reactive;
    Phases i;
    for (std::size_t p = 0; p < 3; ++p) i[p] = -g.power_w / 3 / std::conj(voltage_v[g.bus][p]);
    tally.add(g.bus, i);
  }
  for (const Source& s : net.sources) {
    if (is_zero(s.z))
      freedom[s.bus] = Freedom::all;
    else
      tally.add(s.bus, *inverse(s.z) * (voltage_v[s.bus] - emf_v(net, s)));
  }
  Balance out;
  for (std::uint32_t b = 0; b < net.buses.size(); ++b)
    for (unsigned p = 0; p < 3; ++p) {
      if (!(live[b] >> p & 1) || freedom[b] == Freedom::all) continue;
      const Complex v = voltage_v[b][p], s = v * std::conj(tally.sum[b][p]);
      const double rest = freedom[b] == Freedom::reactive ? std::abs(s.real()) : std::abs(s);
      const double pu = rest / std::max(100.0, std::abs(v) * tally.sizes[b][p] / 2);
      if (pu <= out.worst) continue;
      out = {pu, b};
    }
  return out;
}

std::vector<Phases> dense_power_flow(const Network& net, std::span<const Phases> draw_va) {
  const std::vector<PhaseMask> live = topology_of(net).live;
  Dense d = dense_of(net, live);
  invert(d.y);
  std::vector<bool> fixed(net.buses.size(), false);
  for (const Source& s : net.sources)
    if (is_zero(s.z)) fixed[s.bus] = true;
  std::vector<Phases> v(net.buses.size());
  std::vector<Phases> drawn(net.buses.size());
  for (int pass = 0; pass < 500; ++pass) {
    double moved = 0;
    for (std::size_t k = 0; k < d.i.size(); ++k) {
      Complex sum;
      for (std::size_t m = 0; m < d.i.size(); ++m)
        sum += d.y[k][m] * (d.i[m] - (fixed[m / 3] ? 0.0 : drawn[m / 3][m % 3]));
      Complex& at = v[k / 3][k % 3];
      moved = std::max(moved, std::abs(sum - at) / net.buses[k / 3].nominal_v);
      at = sum;
    }
    if (moved < 1e-12) break;
    drawn = drawn_a(net, draw_va, v, live);
  }
  return v;
}

}  // namespace test
