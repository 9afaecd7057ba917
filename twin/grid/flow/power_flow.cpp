#include "twin/grid/flow/power_flow.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "ledger/base/invariant.hpp"
#include "twin/grid/flow/newton.hpp"
#include "twin/grid/flow/sweep.hpp"
#include "twin/grid/flow/tap_control.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/topology.hpp"
#include "twin/grid/model/two_port.hpp"

namespace twin {
namespace {

// Rounds of taps before regulators count as restless; a tap from end to end takes a few.
constexpr int most_tap_rounds = 100;

// V conj(I), summed over phases.
Complex power(const Phases& v, const Phases& i) {
  Complex sum;
  for (std::size_t p = 0; p < 3; ++p) sum += v[p] * std::conj(i[p]);
  return sum;
}

double largest(const Phases& i) {
  double out2 = 0;
  for (const Complex& c : i) out2 = std::max(out2, std::norm(c));
  return std::sqrt(out2);
}

double rated_to_a(const Transformer& t) {
  const double coil_a = t.rated_va / static_cast<double>(t.coils.size()) / t.to_coil_v;
  const bool delta = t.coils.size() == 3 && t.coils[0].to[0] <= Terminal::phase_3 &&
                     t.coils[0].to[1] <= Terminal::phase_3;
  return delta ? coil_a * std::numbers::sqrt3 : coil_a;
}

}  // namespace

double rated_current_a(const Network& network, std::uint32_t branch) {
  const std::size_t lines = network.lines.size();
  return branch < lines ? network.lines[branch].rated_a
                        : rated_to_a(network.transformers[branch - lines]);
}

Complex answered_va(const LoadModel& model, Complex va, double u) {
  const double inside = std::clamp(u, model.min_pu, model.max_pu);
  const auto share = [&](const std::array<double, 3>& k) {
    return k[0] + inside * (k[1] + inside * k[2]);
  };
  // Outside the limits the impedance at the limit stays.
  const double beyond = inside > 0 ? (u / inside) * (u / inside) : 0;
  if (model.whole_outside && inside != u) return va * beyond;
  return {va.real() * share(model.p_shares) * beyond, va.imag() * share(model.q_shares) * beyond};
}

struct PowerFlow::Engine {
  Engine(Network net, PowerFlowOptions options);
  bool solve(std::span<const Phases> draw_va);
  bool settle_taps(std::span<const Phases> draw_va);
  void take_network();
  void note_taps();
  bool solve_by_sweep(std::span<const Phases> draw_va);
  bool solve_by_newton(std::span<const Phases> draw_va);
  void finish(const SweepBlock* block, std::span<const Phases> draw_va);
  void finish_line(const SweepBlock& block, std::uint32_t branch);
  void finish_two_port(std::uint32_t branch, const TwoPort& y);
  void finish_loads(std::span<const Phases> draw_va);
  void finish_machines();

  Network network;
  PowerFlowOptions options;
  Topology topology;
  std::optional<Sweep> sweep;      // where the network can be swept
  std::optional<Newton> newton;    // made when it is needed first
  std::vector<TwoPort> two_ports;  // by branch, where it is needed
  std::vector<bool> is_plain;      // by branch: a closed line without shunt, swept by itself
  std::vector<double> rated_a;     // by branch, 0: unknown
  PowerFlowResult result;
};

PowerFlow::Engine::Engine(Network net, PowerFlowOptions opts)
    : network(std::move(net)), options(opts), topology(topology_of(network)) {
  take_network();
  const std::size_t branches = branch_count(network);
  for (const Line& l : network.lines)
    is_plain.push_back(is_zero(l.shunt) && l.from_closed && l.to_closed);
  is_plain.resize(branches, false);
  for (std::uint32_t b = 0; b < branches; ++b) rated_a.push_back(rated_current_a(network, b));
  result.voltage_v.resize(network.buses.size());
  result.current_a.resize(branches);
  result.to_current_a.resize(branches);
  result.loading.resize(branches);
  result.losses_w.resize(branches);
  result.drawn_va.resize(network.connections.size());
  result.tap.resize(network.tap_controls.size());
  note_taps();
}

// What follows from the network's values, with its taps where they stand.
void PowerFlow::Engine::take_network() {
  sweep.reset();
  newton.reset();
  if (Sweep::unsupported(network, topology).empty())
    sweep.emplace(network, topology,
                  SweepOptions{options.tolerance_pu, options.max_iterations, options.phases});
  two_ports.clear();
  for (const Line& l : network.lines) two_ports.push_back(admittance(l));
  for (const Transformer& t : network.transformers) two_ports.push_back(admittance(t));
}

void PowerFlow::Engine::note_taps() {
  for (std::size_t c = 0; c < network.tap_controls.size(); ++c)
    result.tap[c] = network.transformers[network.tap_controls[c].transformer].to_tap;
}

void PowerFlow::Engine::finish_line(const SweepBlock& block, std::uint32_t branch) {
  const Line& line = network.lines[branch];
  const Phases &from = result.voltage_v[line.from], &to = result.voltage_v[line.to];
  Phases &in = result.current_a[branch], &out = result.to_current_a[branch];
  double loss_w = 0;
  for (unsigned p = 0; p < 3; ++p) {
    in[p] = block.current_a(branch, p, 0);
    out[p] = -in[p];
    loss_w += ((from[p] - to[p]) * std::conj(in[p])).real();
  }
  result.losses_w[branch] = loss_w;
}

void PowerFlow::Engine::finish_two_port(std::uint32_t branch, const TwoPort& y) {
  const BranchEnds e = branch_ends(network, branch);
  const Phases &from = result.voltage_v[e.from], &to = result.voltage_v[e.to];
  result.current_a[branch] = y.ff * from + y.ft * to;
  result.to_current_a[branch] = y.tf * from + y.tt * to;
  result.losses_w[branch] =
      (power(from, result.current_a[branch]) + power(to, result.to_current_a[branch])).real();
}

void PowerFlow::Engine::finish_loads(std::span<const Phases> draw_va) {
  result.load_va = {};
  for (std::size_t c = 0; c < network.connections.size(); ++c) {
    const Connection& connection = network.connections[c];
    const Phases& v = result.voltage_v[connection.bus];
    const double per_nominal = 1 / leg_nominal_v(network, connection);
    for (unsigned p = 0; p < 3; ++p) {
      Complex& drawn = result.drawn_va[c][p];
      drawn = {};
      if (!(connection.phases >> p & 1)) continue;
      const double u = std::abs(leg_voltage(connection, v, p)) * per_nominal;
      drawn = answered_va(connection.model, draw_va[c][p], u);
      result.load_va += drawn;
    }
  }
}

// What enters a bus with sources or generators is what leaves it on branches, loads and shunts.
void PowerFlow::Engine::finish_machines() {
  std::vector<Complex> left_va(network.buses.size());
  for (std::uint32_t b = 0; b < branch_count(network); ++b) {
    const BranchEnds e = branch_ends(network, b);
    left_va[e.from] += power(result.voltage_v[e.from], result.current_a[b]);
    left_va[e.to] += power(result.voltage_v[e.to], result.to_current_a[b]);
  }
  for (std::size_t c = 0; c < network.connections.size(); ++c)
    for (const Complex& s : result.drawn_va[c]) left_va[network.connections[c].bus] += s;
  result.shunt_va = {};
  for (const Shunt& s : network.shunts) {
    const Phases& v = result.voltage_v[s.bus];
    const Complex va = power(v, s.y * v);
    result.shunt_va += va;
    left_va[s.bus] += va;
  }
  const auto take = [&](std::uint32_t bus) { return std::exchange(left_va[bus], Complex{}); };
  result.source_va = result.generator_va = {};
  for (const Source& s : network.sources) result.source_va += take(s.bus);
  for (const Generator& g : network.generators) result.generator_va += take(g.bus);
}

void PowerFlow::Engine::finish(const SweepBlock* block, std::span<const Phases> draw_va) {
  for (std::uint32_t b = 0; b < branch_count(network); ++b) {
    if (block && is_plain[b] && block->has_current(b))
      finish_line(*block, b);
    else
      finish_two_port(b, two_ports[b]);
    const double worst_a = b < network.lines.size() ? std::max(largest(result.current_a[b]),
                                                               largest(result.to_current_a[b]))
                                                    : largest(result.to_current_a[b]);
    result.loading[b] = rated_a[b] > 0 ? worst_a / rated_a[b] : 0;
  }
  finish_loads(draw_va);
  finish_machines();
}

PowerFlow::PowerFlow(Network network, PowerFlowOptions options)
    : engine_(std::make_unique<Engine>(std::move(network), options)) {}
PowerFlow::~PowerFlow() = default;
PowerFlow::PowerFlow(PowerFlow&&) noexcept = default;

std::string PowerFlow::check(const Network& network) {
  if (std::string problem = check_network(network); !problem.empty()) return problem;
  if (Sweep::unsupported(network, topology_of(network)).empty()) return {};
  return Newton::check(network);
}

bool PowerFlow::Engine::solve_by_sweep(std::span<const Phases> draw_va) {
  const SweepBlock& block = sweep->solve(draw_va);
  const SweepOutcome& outcome = block.outcomes[0];
  result.iterations = outcome.iterations;
  result.worst_bus = outcome.worst_bus;
  result.worst_mismatch_pu = outcome.mismatch_pu;
  if (!outcome.converged) return false;
  for (std::uint32_t b = 0; b < network.buses.size(); ++b)
    for (unsigned p = 0; p < 3; ++p) result.voltage_v[b][p] = block.voltage_v(b, p, 0);
  finish(&block, draw_va);
  return true;
}

bool PowerFlow::Engine::solve_by_newton(std::span<const Phases> draw_va) {
  if (!newton) {
    NewtonOptions newtons;
    newtons.tolerance_pu = options.tolerance_pu;
    newtons.phases = options.phases;
    newton.emplace(network, newtons);
  }
  const NewtonResult& solved = newton->solve(draw_va);
  result.iterations = solved.iterations;
  result.worst_bus = solved.worst_bus;
  result.worst_mismatch_pu = solved.worst_mismatch_pu;
  if (!solved.converged) return false;
  result.voltage_v = solved.voltage_v;
  finish(nullptr, draw_va);
  return true;
}

bool PowerFlow::Engine::solve(std::span<const Phases> draw_va) {
  return (sweep && solve_by_sweep(draw_va)) || solve_by_newton(draw_va);
}

// From a solution: whether the taps came to rest at a solution of their own.
bool PowerFlow::Engine::settle_taps(std::span<const Phases> draw_va) {
  std::vector<double> before;
  for (int round = 0; round < most_tap_rounds; ++round) {
    if (!move_taps(network, result.voltage_v)) return true;
    before = result.tap;
    note_taps();
    take_network();
    if (!solve(draw_va)) return false;
  }
  for (std::size_t c = 0; c < before.size(); ++c)
    if (result.tap[c] != before[c]) {
      result.restless = static_cast<std::uint32_t>(c);
      result.worst_bus = network.transformers[network.tap_controls[c].transformer].to;
    }
  return false;
}

const PowerFlowResult& PowerFlow::solve(std::span<const Phases> draw_va) {
  Engine& e = *engine_;
  ledger::invariant(draw_va.size() == e.network.connections.size(), "one power a connection");
  e.result.restless.reset();
  // The caller keeps the last good picture where neither converges.
  e.result.converged = e.solve(draw_va) && e.settle_taps(draw_va);
  return e.result;
}

}  // namespace twin
