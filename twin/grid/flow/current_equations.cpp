#include "twin/grid/flow/current_equations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ledger/base/invariant.hpp"
#include "twin/grid/model/phase_matrix.hpp"

namespace twin {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

Phases emf_of(const Source& s) {
  Phases out;
  for (std::size_t p = 0; p < 3; ++p)
    out[p] = std::polar(s.voltage_pu,
                        (s.angle_deg - 120.0 * static_cast<double>(p)) * std::numbers::pi / 180);
  return out;
}

// w (dx + j dy), as two rows and two columns, at phases p and q of a block.
template <std::size_t N>
void add_complex(Block<N>& block, std::size_t p, std::size_t q, Complex w) {
  block[2 * p * N + 2 * q] += w.real();
  block[2 * p * N + 2 * q + 1] -= w.imag();
  block[(2 * p + 1) * N + 2 * q] += w.imag();
  block[(2 * p + 1) * N + 2 * q + 1] += w.real();
}

// The same for w (dx - j dy).
template <std::size_t N>
void add_conjugate(Block<N>& block, std::size_t p, std::size_t q, Complex w) {
  block[2 * p * N + 2 * q] += w.real();
  block[2 * p * N + 2 * q + 1] += w.imag();
  block[(2 * p + 1) * N + 2 * q] += w.imag();
  block[(2 * p + 1) * N + 2 * q + 1] -= w.real();
}

// conj(S) of a leg at u, and its derivative.
struct Answer {
  Complex w, slope;
};

Answer answer(const LoadModel& model, Complex s, double u) {
  const double limit = std::clamp(u, model.min_pu, model.max_pu);
  const auto share = [&](const std::array<double, 3>& k) {
    return k[0] + limit * (k[1] + limit * k[2]);
  };
  const auto slope = [&](const std::array<double, 3>& k) { return k[1] + 2 * limit * k[2]; };
  const Complex w(s.real() * share(model.p_shares), -s.imag() * share(model.q_shares));
  if (u == limit)
    return {w, Complex(s.real() * slope(model.p_shares), -s.imag() * slope(model.q_shares))};
  const double r = u / limit;
  const Complex outside = model.whole_outside ? std::conj(s) : w;
  return {outside * (r * r), outside * (2 * r / limit)};
}

}  // namespace

template <std::size_t P>
CurrentEquations<P>::CurrentEquations(const Network& network)
    : buses_(network.buses),
      transformers_(network.transformers),
      sources_(network.sources),
      shunts_(network.shunts),
      live_(topology_of(network).live) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (std::uint32_t b = 0; b < branch_count(network); ++b) {
    ends_.push_back(branch_ends(network, b));
    edges.emplace_back(ends_.back().from, ends_.back().to);
  }
  for (const Line& l : network.lines) two_ports_.push_back(admittance(l));
  for (const Transformer& t : network.transformers) two_ports_.push_back(admittance(t));
  pattern_ = block_pattern(buses_.size(), edges);
  if (P == 1)
    for (PhaseMask& mask : live_) mask = mask ? all_phases : 0;
  add_legs(network);
  add_generators(network);
  build_linear();
}

template <std::size_t P>
void CurrentEquations<P>::add_legs(const Network& network) {
  constexpr double sqrt3 = std::numbers::sqrt3;
  for (std::uint32_t c = 0; c < network.connections.size(); ++c) {
    const Connection& connection = network.connections[c];
    const bool delta = connection.hookup == Hookup::delta;
    const double nominal_v = leg_nominal_v(network, connection);
    Leg leg{pattern_.place[connection.bus], c, 0, c, 0, 0, buses_[connection.bus].nominal_v, {}};
    models_.push_back(connection.model);
    if (P == 1) {
      leg.per_unit /= delta ? nominal_v / sqrt3 : nominal_v;
      if (live_[connection.bus]) legs_.push_back(leg);
      continue;
    }
    leg.per_unit /= nominal_v;
    for (std::uint32_t p = 0; p < P; ++p) {
      leg.leg = p;
      leg.plus = leg.minus = p;
      if (delta) leg.minus = (p + 1) % P;
      const unsigned needed = 1u << leg.plus | 1u << leg.minus;
      const bool used = connection.phases >> p & 1;
      if (used && (live_[connection.bus] & needed) == needed) legs_.push_back(leg);
    }
  }
}

template <std::size_t P>
void CurrentEquations<P>::add_generators(const Network& network) {
  for (const Generator& g : network.generators)
    for (std::size_t p = 0; p < P; ++p) {
      if (!(live_[g.bus] >> p & 1)) continue;
      const std::size_t unknown = pattern_.place[g.bus] * N + 2 * p;
      const double power = g.power_w / (3 * base_va);
      const auto same = [&](const Held& h) { return h.unknown == unknown; };
      const auto found = std::find_if(held_.begin(), held_.end(), same);
      if (found != held_.end())
        found->given_power += power;
      else
        held_.push_back({unknown, 0, power, g.voltage_pu, 1, {}});
    }
}

template <std::size_t P>
void CurrentEquations<P>::build_linear() {
  linear_ = BlockMatrix<N>(pattern_);
  emfs_.clear();
  for (std::size_t b = 0; b < ends_.size(); ++b) add_branch(ends_[b], two_ports_[b]);
  for (const Shunt& s : shunts_) add(s.bus, s.bus, s.y);
  add_sources();
  scale_emfs(std::vector<double>(emfs_.size(), 1.0));
  settle_dead_phases();
  BlockMatrix<N> sizes = linear_;
  for (auto* blocks : {&sizes.diagonal, &sizes.upper, &sizes.lower})
    for (auto& block : *blocks)
      for (double& entry : block) entry = std::abs(entry);
  terms_.resize(unknowns());
  sizes.multiply(std::vector<double>(unknowns(), 1.0), terms_);
  for (Held& h : held_) {
    h.row.clear();
    const auto place = static_cast<std::uint32_t>(h.unknown / N);
    for (const auto& [column, block] : linear_.row(place)) h.row.push_back(column);
    h.weight = terms_[h.unknown];
  }
}

template <std::size_t P>
void CurrentEquations<P>::add_branch(const BranchEnds& ends, const TwoPort& y) {
  add(ends.from, ends.from, y.ff);
  add(ends.from, ends.to, y.ft);
  add(ends.to, ends.from, y.tf);
  add(ends.to, ends.to, y.tt);
}

// Rows of dead phases and columns of theirs stay empty.
template <std::size_t P>
void CurrentEquations<P>::add(std::uint32_t row_bus, std::uint32_t column_bus,
                              const PhaseMatrix& y) {
  const double scale = buses_[row_bus].nominal_v * buses_[column_bus].nominal_v / base_va;
  Block<N>& block = linear_.at(pattern_.place[row_bus], pattern_.place[column_bus]);
  for (std::size_t p = 0; p < P; ++p)
    for (std::size_t q = 0; q < P; ++q)
      if (live_[row_bus] >> p & 1 && live_[column_bus] >> q & 1)
        add_complex<N>(block, p, q, scale * seen<P>(y, p, q));
}

template <std::size_t P>
void CurrentEquations<P>::add_sources() {
  for (const Source& s : sources_) {
    if (is_zero(s.z)) continue;
    const auto y = inverse(s.z);
    ledger::invariant(y.has_value(), "a source's impedance was checked");
    add(s.bus, s.bus, *y);
    const double scale = buses_[s.bus].nominal_v * buses_[s.bus].nominal_v / base_va;
    const Phases emf = emf_of(s);
    for (std::size_t p = 0; p < P; ++p) {
      Emf column{pattern_.place[s.bus], {}};
      for (std::size_t q = 0; q < P; ++q) {
        const Complex i = scale * seen<P>(*y, q, p) * emf[p];
        column.injected[2 * q] = i.real();
        column.injected[2 * q + 1] = i.imag();
      }
      emfs_.push_back(column);
    }
  }
  for (const Source& s : sources_)
    if (is_zero(s.z)) fix(s.bus, emf_of(s));
}

template <std::size_t P>
void CurrentEquations<P>::fix(std::uint32_t bus, const Phases& emf_pu) {
  const std::uint32_t place = pattern_.place[bus];
  for (const auto& [column, block] : linear_.row(place)) *block = {};
  std::erase_if(emfs_, [&](const Emf& e) { return e.place == place; });
  for (std::size_t p = 0; p < P; ++p) {
    add_complex<N>(linear_.diagonal[place], p, p, 1);
    Emf column{place, {}};
    column.injected[2 * p] = emf_pu[p].real();
    column.injected[2 * p + 1] = emf_pu[p].imag();
    emfs_.push_back(column);
    const auto here = [&](const Held& h) { return h.unknown == place * N + 2 * p; };
    std::erase_if(held_, here);
  }
  std::erase_if(legs_, [&](const Leg& l) { return l.place == place; });
}

template <std::size_t P>
void CurrentEquations<P>::scale_emfs(std::span<const double> scale) {
  injected_.assign(unknowns(), 0);
  for (std::size_t e = 0; e < emfs_.size(); ++e)
    for (std::size_t k = 0; k < N; ++k)
      injected_[emfs_[e].place * N + k] += scale[e] * emfs_[e].injected[k];
}

template <std::size_t P>
void CurrentEquations<P>::settle_dead_phases() {
  for (std::uint32_t b = 0; b < buses_.size(); ++b)
    for (std::size_t p = 0; p < P; ++p)
      if (!(live_[b] >> p & 1)) add_complex<N>(linear_.diagonal[pattern_.place[b]], p, p, 1);
}

template <std::size_t P>
void CurrentEquations<P>::set_to_tap(std::size_t transformer, double to_tap) {
  Transformer& t = transformers_[transformer];
  t.to_tap = to_tap;
  two_ports_[two_ports_.size() - transformers_.size() + transformer] = admittance(t);
  build_linear();
}

template <std::size_t P>
void CurrentEquations<P>::set_draw(std::span<const Phases> draw_va, double share) {
  total_va_ = 0;
  for (Leg& l : legs_) {
    const Phases& s = draw_va[l.connection];
    l.s = s[l.leg];
    if (P == 1) l.s = (s[0] + s[1] + s[2]) / 3.0;
    total_va_ += std::abs(l.s) * (P == 1 ? 3 : 1);
    l.s *= share / base_va;
  }
  for (Held& h : held_) {
    h.power = share * h.given_power;
    total_va_ += std::abs(h.given_power) * base_va * (P == 1 ? 3 : 1);
  }
}

template <std::size_t P>
Complex CurrentEquations<P>::leg_voltage_at(const Leg& l, std::span<const double> x) const {
  const double* v = &x[l.place * N];
  const Complex plus(v[2 * l.plus], v[2 * l.plus + 1]);
  return l.plus == l.minus ? plus : plus - Complex(v[2 * l.minus], v[2 * l.minus + 1]);
}

template <std::size_t P>
void CurrentEquations<P>::mismatch(std::span<const double> x, double tolerance_va,
                                   Mismatch& out) const {
  out.r.resize(unknowns());
  linear_.multiply(x, out.r);
  for (std::size_t k = 0; k < out.r.size(); ++k) out.r[k] = injected_[k] - out.r[k];
  for (const Leg& l : legs_) {
    if (l.s == Complex{}) continue;
    const Complex v = leg_voltage_at(l, x);
    const Complex i = answer(models_[l.model], l.s, std::abs(v) * l.per_unit).w / std::conj(v);
    double* r = &out.r[l.place * N];
    r[2 * l.plus] -= i.real();
    r[2 * l.plus + 1] -= i.imag();
    if (l.plus == l.minus) continue;
    r[2 * l.minus] += i.real();
    r[2 * l.minus + 1] += i.imag();
  }
  out.generated.clear();
  for (const Held& h : held_) {
    const Complex v(x[h.unknown], x[h.unknown + 1]);
    const Complex g(-out.r[h.unknown], -out.r[h.unknown + 1]);
    out.generated.push_back(g);
    out.r[h.unknown] = h.power - (v * std::conj(g)).real();
    out.r[h.unknown + 1] = h.weight * (h.voltage * h.voltage - std::norm(v)) / 2;
  }
  judge(tolerance_va, out);
}

template <std::size_t P>
void CurrentEquations<P>::judge(double tolerance_va, Mismatch& out) const {
  const double tolerance = tolerance_va / base_va;
  out.squared = 0;
  out.settled = out.at_rounding = true;
  double worst = -1;
  for (std::size_t k = 0; k < out.r.size(); k += 2) {
    const double size = std::hypot(out.r[k], out.r[k + 1]);
    const double rounding = 8 * eps * (terms_[k] + terms_[k + 1]);
    out.squared += size * size;
    if (!(size <= rounding)) out.at_rounding = false;
    if (!(size <= std::max(tolerance, rounding))) out.settled = false;
    if (!(size > worst)) continue;
    worst = size;
    out.worst_bus = pattern_.node[k / N];
  }
  out.worst_va =
      std::isfinite(out.squared) ? worst * base_va : std::numeric_limits<double>::infinity();
}

template <std::size_t P>
void CurrentEquations<P>::jacobian(std::span<const double> x, const Mismatch& at_x,
                                   BlockMatrix<N>& out) const {
  out = linear_;
  for (const Leg& l : legs_) {
    if (l.s == Complex{}) continue;
    const Complex v = leg_voltage_at(l, x);
    const double size = std::abs(v);
    const Answer a = answer(models_[l.model], l.s, size * l.per_unit);
    const Complex half_slope = a.slope * (l.per_unit / (2 * size));
    const Complex by_conjugate = (-a.w / std::conj(v) + half_slope * v) / std::conj(v);
    const auto add_at = [&](std::size_t row, std::size_t column, double sign) {
      add_complex<N>(out.diagonal[l.place], row, column, sign * half_slope);
      add_conjugate<N>(out.diagonal[l.place], row, column, sign * by_conjugate);
    };
    add_at(l.plus, l.plus, 1);
    if (l.plus == l.minus) continue;
    add_at(l.minus, l.minus, 1);
    add_at(l.plus, l.minus, -1);
    add_at(l.minus, l.plus, -1);
  }
  hold_rows(x, at_x, out);
}

template <std::size_t P>
void CurrentEquations<P>::hold_rows(std::span<const double> x, const Mismatch& at_x,
                                    BlockMatrix<N>& out) const {
  for (std::size_t k = 0; k < held_.size(); ++k) {
    const Held& h = held_[k];
    const auto place = static_cast<std::uint32_t>(h.unknown / N);
    const std::size_t row = h.unknown % N * N;
    const double re = x[h.unknown], im = x[h.unknown + 1];
    for (const std::uint32_t column : h.row) {
      Block<N>& block = out.at(place, column);
      for (std::size_t q = 0; q < N; ++q) {
        block[row + q] = re * block[row + q] + im * block[row + N + q];
        block[row + N + q] = 0;
      }
    }
    Block<N>& own = out.diagonal[place];
    const std::size_t at = row + h.unknown % N;
    own[at] += at_x.generated[k].real();
    own[at + 1] += at_x.generated[k].imag();
    own[at + N] = h.weight * re;
    own[at + N + 1] = h.weight * im;
  }
}

template <std::size_t P>
void CurrentEquations<P>::hold_voltages(std::span<double> x) const {
  for (const Held& h : held_) {
    const double size = std::hypot(x[h.unknown], x[h.unknown + 1]);
    if (!(size > 0)) continue;
    x[h.unknown] *= h.voltage / size;
    x[h.unknown + 1] *= h.voltage / size;
  }
}

template <std::size_t P>
std::vector<Phases> CurrentEquations<P>::voltages_v(std::span<const double> x) const {
  std::vector<Phases> out(buses_.size());
  const std::array<Complex, 3> turn{1.0, std::polar(1.0, -2 * std::numbers::pi / 3),
                                    std::polar(1.0, 2 * std::numbers::pi / 3)};
  for (std::uint32_t b = 0; b < buses_.size(); ++b)
    for (std::size_t p = 0; p < 3; ++p) {
      const std::size_t k = pattern_.place[b] * N + (P == 1 ? 0 : 2 * p);
      const Complex v = buses_[b].nominal_v * Complex(x[k], x[k + 1]);
      out[b][p] = P == 1 ? v * turn[p] : v;
    }
  return out;
}

template class CurrentEquations<1>;
template class CurrentEquations<3>;

}  // namespace twin
