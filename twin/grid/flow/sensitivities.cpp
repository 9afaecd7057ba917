#include "twin/grid/flow/sensitivities.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "ledger/base/invariant.hpp"
#include "twin/grid/flow/current_equations.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/topology.hpp"

namespace twin {
namespace {

using Equations = CurrentEquations<3>;
constexpr std::size_t N = Equations::N;

// Beyond it a solution by blocks is not exact enough, and rows are swapped across buses.
constexpr double largest_residual = 1e-6;

double largest_of(std::span<const double> values) {
  double out = 0;
  for (const double v : values) out = std::max(out, std::abs(v));
  return out;
}

double largest_square(const Phases& i) {
  return std::max({std::norm(i[0]), std::norm(i[1]), std::norm(i[2])});
}

// A factorised system of which many columns are asked.
class SolvedColumns {
 public:
  explicit SolvedColumns(BlockMatrix<N> matrix) : matrix_(std::move(matrix)), factors_(matrix_) {
    by_blocks_ = factorise(factors_);
  }

  // x in b's place; false where the matrix is singular.
  bool solve(std::vector<double>& b) {
    if (!by_blocks_) return solve_with_pivoting(matrix_, std::span<double>(b));
    x_ = b;
    solve_factorised(factors_, std::span<double>(x_));
    rest_.resize(b.size());
    matrix_.multiply(x_, rest_);
    for (std::size_t k = 0; k < b.size(); ++k) rest_[k] -= b[k];
    if (largest_of(rest_) <= largest_residual * largest_of(b)) {
      b.swap(x_);
      return true;
    }
    by_blocks_ = false;
    return solve(b);
  }

 private:
  BlockMatrix<N> matrix_, factors_;
  bool by_blocks_ = false;
  std::vector<double> x_, rest_;
};

}  // namespace

double magnitude_slope(Complex z, Complex dz) {
  const double size = std::abs(z);
  return size > 0 ? (std::conj(z) * dz).real() / size : std::abs(dz);
}

struct SensitivityModel::Engine {
  explicit Engine(const Network& net) : network(net), equations(net) {
    for (std::uint32_t b = 0; b < branch_count(network); ++b)
      two_ports.push_back(b < network.lines.size()
                              ? admittance(network.lines[b])
                              : admittance(network.transformers[b - network.lines.size()]));
  }

  void take_taps(std::span<const double> taps);
  std::vector<double> state_of(std::span<const Phases> voltage_v) const;
  void watch(const PowerFlowResult& flow, Sensitivities& out) const;
  std::vector<double> column(std::uint32_t connection, Complex va, std::span<const double> x) const;
  void keep(std::span<const double> dx, const Sensitivities& out, std::vector<Phases>& voltages,
            std::vector<Phases>& currents) const;

  Network network;
  Equations equations;
  std::vector<TwoPort> two_ports;  // lines, then transformers
};

SensitivityModel::SensitivityModel(const Network& network)
    : engine_(std::make_unique<Engine>(network)) {}
SensitivityModel::~SensitivityModel() = default;
SensitivityModel::SensitivityModel(SensitivityModel&&) noexcept = default;

void SensitivityModel::Engine::take_taps(std::span<const double> taps) {
  for (std::size_t c = 0; c < taps.size(); ++c) {
    const std::uint32_t t = network.tap_controls[c].transformer;
    if (network.transformers[t].to_tap == taps[c]) continue;
    network.transformers[t].to_tap = taps[c];
    equations.set_to_tap(t, taps[c]);
    two_ports[network.lines.size() + t] = admittance(network.transformers[t]);
  }
}

std::vector<double> SensitivityModel::Engine::state_of(std::span<const Phases> voltage_v) const {
  std::vector<double> x(equations.unknowns());
  for (std::uint32_t b = 0; b < network.buses.size(); ++b)
    for (std::size_t p = 0; p < 3; ++p) {
      const Complex v = voltage_v[b][p] / network.buses[b].nominal_v;
      const std::size_t k = equations.pattern().place[b] * N + 2 * p;
      x[k] = v.real();
      x[k + 1] = v.imag();
    }
  return x;
}

void SensitivityModel::Engine::watch(const PowerFlowResult& flow, Sensitivities& out) const {
  for (std::uint32_t b = 0; b < branch_count(network); ++b) {
    const double rated_a = rated_current_a(network, b);
    if (!(rated_a > 0)) continue;
    const bool at_from = b < network.lines.size() &&
                         largest_square(flow.current_a[b]) >= largest_square(flow.to_current_a[b]);
    out.watched.push_back(
        {b, at_from, rated_a, at_from ? flow.current_a[b] : flow.to_current_a[b]});
  }
}

// dr/dS where the connection draws `va` more, shared over the legs that it uses.
std::vector<double> SensitivityModel::Engine::column(std::uint32_t connection, Complex va,
                                                     std::span<const double> x) const {
  const Connection& c = network.connections[connection];
  const Complex share = va / (Equations::base_va * std::popcount(c.phases));
  std::vector<double> out(equations.unknowns());
  for (const Equations::Leg& leg : equations.legs()) {
    if (leg.connection != connection) continue;
    const Complex v = equations.leg_voltage_at(leg, x);
    const Complex di = std::conj(answered_va(c.model, share, std::abs(v) * leg.per_unit) / v);
    double* at = &out[leg.place * N];
    at[2 * leg.plus] -= di.real();
    at[2 * leg.plus + 1] -= di.imag();
    if (leg.plus == leg.minus) continue;
    at[2 * leg.minus] += di.real();
    at[2 * leg.minus + 1] += di.imag();
  }
  return out;
}

void SensitivityModel::Engine::keep(std::span<const double> dx, const Sensitivities& out,
                                    std::vector<Phases>& voltages,
                                    std::vector<Phases>& currents) const {
  const std::size_t first = voltages.size();
  for (std::uint32_t b = 0; b < network.buses.size(); ++b) {
    Phases& v = voltages.emplace_back();
    for (std::size_t p = 0; p < 3; ++p) {
      const std::size_t k = equations.pattern().place[b] * N + 2 * p;
      v[p] = network.buses[b].nominal_v * Complex(dx[k], dx[k + 1]);
    }
  }
  for (const WatchedBranch& w : out.watched) {
    const BranchEnds ends = branch_ends(network, w.branch);
    const TwoPort& y = two_ports[w.branch];
    const Phases &from = voltages[first + ends.from], &to = voltages[first + ends.to];
    currents.push_back(w.at_from ? y.ff * from + y.ft * to : y.tf * from + y.tt * to);
  }
}

ledger::Result<Sensitivities> SensitivityModel::at(const PowerFlowResult& flow,
                                                   std::span<const Phases> draw_va,
                                                   std::span<const std::uint32_t> connections) {
  Engine& e = *engine_;
  ledger::invariant(flow.converged, "sensitivities stand at a solved power flow");
  e.take_taps(flow.tap);
  e.equations.set_draw(draw_va, 1);
  const std::vector<double> x = e.state_of(flow.voltage_v);
  Mismatch mismatch;
  e.equations.mismatch(x, 1, mismatch);
  BlockMatrix<N> jacobian;
  e.equations.jacobian(x, mismatch, jacobian);
  SolvedColumns columns(std::move(jacobian));

  Sensitivities out;
  out.connections.assign(connections.begin(), connections.end());
  out.voltage_v = flow.voltage_v;
  e.watch(flow, out);
  for (const std::uint32_t c : connections) {
    ledger::invariant(c < e.network.connections.size(), "a connection of the network");
    std::vector<double> by_w = e.column(c, {1, 0}, x), by_var = e.column(c, {0, 1}, x);
    if (!columns.solve(by_w) || !columns.solve(by_var))
      return ledger::failure("the power flow's equations are singular at this load");
    e.keep(by_w, out, out.voltage_by_w, out.current_by_w);
    e.keep(by_var, out, out.voltage_by_var, out.current_by_var);
  }
  return out;
}

}  // namespace twin
