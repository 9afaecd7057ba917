#include "twin/grid/power_flow.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ledger/base/invariant.hpp"
#include "twin/grid/topology.hpp"

namespace twin {
namespace {

constexpr double sqrt3 = std::numbers::sqrt3;

// Plain complex arithmetic: std::complex's product checks for NaN, which costs more than it does.
struct Z {
  double r = 0, i = 0;
};
inline Z operator+(Z a, Z b) { return {a.r + b.r, a.i + b.i}; }
inline Z operator-(Z a, Z b) { return {a.r - b.r, a.i - b.i}; }
inline Z operator*(Z a, Z b) { return {a.r * b.r - a.i * b.i, a.r * b.i + a.i * b.r}; }
inline Z operator*(double k, Z a) { return {k * a.r, k * a.i}; }
inline double norm2(Z a) { return a.r * a.r + a.i * a.i; }
inline Z to_z(Complex c) { return {c.real(), c.imag()}; }
inline Complex to_complex(Z z) { return {z.r, z.i}; }
// S = V conj(I)
inline Z power(Z v, Z i) { return {v.r * i.r + v.i * i.i, v.i * i.r - v.r * i.i}; }

using Z3 = std::array<Z, 3>;
using M3 = std::array<Z3, 3>;

inline Z3 operator+(const Z3& a, const Z3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
inline Z3 operator-(const Z3& a, const Z3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
inline Z3 operator*(const M3& m, const Z3& v) {
  Z3 out;
  for (int p = 0; p < 3; ++p) out[p] = m[p][0] * v[0] + m[p][1] * v[1] + m[p][2] * v[2];
  return out;
}

M3 to_m3(const PhaseMatrix& m) {
  M3 out;
  for (int p = 0; p < 3; ++p)
    for (int q = 0; q < 3; ++q) out[p][q] = to_z(m[p][q]);
  return out;
}

bool is_zero(const PhaseMatrix& m) {
  for (const auto& row : m)
    for (const Complex& c : row)
      if (c != Complex{}) return false;
  return true;
}

// A real matrix: how `to` phase voltages follow from `from` phase voltages by vector group.
using Group = std::array<std::array<double, 3>, 3>;

// Row p of a delta-wye group: +1 at one phase, -1 at another, both turning with p.
Group group_of(const Transformer& t) {
  Group g{};
  if (t.from_winding == Winding::wye_grounded) {
    for (std::size_t p = 0; p < 3; ++p) g[p][p] = t.clock == 6 ? -1 : 1;
    return g;
  }
  // Hours 11, 1, 3, 5, 7, 9 by (plus, minus) of the first row: 11 is V_A - V_B, which leads V_A by
  // 30 degrees; every two hours turn it back by 60.
  struct Row {
    int clock;
    std::size_t plus, minus;
  };
  constexpr std::array<Row, 6> rows{
      {{11, 0, 1}, {1, 0, 2}, {3, 1, 2}, {5, 1, 0}, {7, 2, 0}, {9, 2, 1}}};
  for (const Row& row : rows)
    if (row.clock == t.clock)
      for (std::size_t p = 0; p < 3; ++p) {
        g[p][(row.plus + p) % 3] = 1;
        g[p][(row.minus + p) % 3] = -1;
      }
  return g;
}

// Turns: from-winding voltage over to-winding voltage (phase to ground on the wye side).
double turns_ratio(const Transformer& t) {
  const double to_phase = t.to_nominal_v / sqrt3;
  const double from_winding =
      t.from_winding == Winding::delta ? t.from_nominal_v : t.from_nominal_v / sqrt3;
  return t.tap * from_winding / to_phase;
}

}  // namespace

struct PowerFlow::Engine {
  // A bus that keeps its own place in the sweep; the others lie inside a series of lines.
  struct Node {
    std::uint32_t bus = 0;
    std::uint32_t parent = 0;  // place in nodes
    bool transformer = false;
    M3 z{};                    // series impedance from the parent; of the `to` side for a
                               // transformer
    Group group{};             // transformer only
    double inverse_ratio = 1;  // 1 / n
    bool has_shunt = false;
    M3 shunt{};        // siemens, all line ends and magnetising at this bus
    double scale = 1;  // 1 / nominal_v
  };
  // A bus inside a series: its voltage is the parent's less z times the series' current.
  struct Inner {
    std::uint32_t bus = 0, top = 0, bottom = 0;  // places in nodes
    M3 z{};
  };
  struct Load {
    std::uint32_t node = 0;
    std::uint8_t phases = 0;
    double v_min2 = 0, v_max2 = 0;  // squared limits of constant power, V^2
  };

  Network network;
  PowerFlowOptions options;
  std::vector<Node> nodes;
  std::vector<Inner> inners;
  std::vector<Load> loads;
  std::vector<std::uint32_t> branch_node;  // by branch: the node below it whose current it carries
  M3 source_z{};
  Z3 source_e{};
  std::vector<Z3> v, j, good_v;
  std::vector<Z3> load_i;
  PowerFlowResult result;

  Engine(const Network& net, PowerFlowOptions opts);
  void place_nodes(const RadialOrder& order);
  void place_branch(Node& node, std::uint32_t branch);
  void start_flat();
  void load_currents(std::span<const Phases> draw_va);
  void backward();
  double forward(std::uint32_t& worst);
  void finish();
  void finish_branches();
};

PowerFlow::Engine::Engine(const Network& net, PowerFlowOptions opts) : network(net), options(opts) {
  const RadialOrder order = radial_order(network);
  ledger::invariant(order.problem.empty(), "a power flow's network was checked");
  place_nodes(order);
  source_z = to_m3(network.source.z);
  const double e = network.source.voltage_pu * network.buses[network.source.bus].nominal_v;
  for (int p = 0; p < 3; ++p) {
    const double angle = (network.source.angle_deg - 120.0 * p) * std::numbers::pi / 180.0;
    source_e[static_cast<std::size_t>(p)] = {e * std::cos(angle), e * std::sin(angle)};
  }
  v.resize(nodes.size());
  j.resize(nodes.size());
  load_i.resize(loads.size());
  result.voltage_v.resize(network.buses.size());
  const std::size_t branches = network.lines.size() + network.transformers.size();
  result.current_a.resize(branches);
  result.loading.resize(branches);
  result.losses_w.resize(branches);
  result.drawn_va.resize(loads.size());
  start_flat();
}

void PowerFlow::Engine::place_branch(Node& node, std::uint32_t branch) {
  if (branch < network.lines.size()) {
    const M3 z = to_m3(network.lines[branch].z);
    for (int p = 0; p < 3; ++p) node.z[p] = node.z[p] + z[p];
    return;
  }
  const Transformer& t = network.transformers[branch - network.lines.size()];
  node.transformer = true;
  node.group = group_of(t);
  node.inverse_ratio = 1 / turns_ratio(t);
  const double base_ohm = t.to_nominal_v * t.to_nominal_v / t.rated_va;
  for (int p = 0; p < 3; ++p) node.z[p][p] = base_ohm * to_z(t.short_circuit_pu);
}

void PowerFlow::Engine::place_nodes(const RadialOrder& order) {
  const std::size_t buses = network.buses.size();
  std::vector<int> children(buses, 0);
  std::vector<bool> keep(buses, false);
  std::vector<M3> shunt(buses);
  std::vector<bool> has_shunt(buses, false);
  const auto add_shunt = [&](std::uint32_t bus, const M3& y, double share) {
    for (int p = 0; p < 3; ++p)
      for (int q = 0; q < 3; ++q) shunt[bus][p][q] = shunt[bus][p][q] + share * y[p][q];
    has_shunt[bus] = true;
    keep[bus] = true;
  };
  for (const std::uint32_t b : order.buses)
    if (b != network.source.bus) ++children[order.parent[b]];
  keep[network.source.bus] = true;
  for (const Connection& c : network.connections) keep[c.bus] = true;
  for (const Line& l : network.lines)
    if (!is_zero(l.shunt)) {
      add_shunt(l.from, to_m3(l.shunt), 0.5);
      add_shunt(l.to, to_m3(l.shunt), 0.5);
    }
  for (const Transformer& t : network.transformers) {
    keep[t.from] = keep[t.to] = true;
    if (t.magnetising_pu == Complex{}) continue;
    M3 y{};
    const double base_s = t.rated_va / (t.from_nominal_v * t.from_nominal_v);
    for (int p = 0; p < 3; ++p) y[p][p] = base_s * to_z(t.magnetising_pu);
    add_shunt(t.from, y, 1.0);
  }
  std::vector<std::uint32_t> place(buses, 0);  // of kept buses
  struct Series {
    std::uint32_t top = 0;
    M3 z{};
    std::vector<std::uint32_t> inner;  // places in inners
    std::vector<std::uint32_t> branches;
  };
  std::vector<Series> open(buses);  // what hangs above a bus, since the last node
  branch_node.assign(network.lines.size() + network.transformers.size(), 0);
  for (const std::uint32_t b : order.buses) {
    Node node;
    node.bus = b;
    node.scale = 1 / network.buses[b].nominal_v;
    node.shunt = shunt[b];
    node.has_shunt = has_shunt[b];
    if (b == network.source.bus) {
      nodes.push_back(node);
      continue;
    }
    const std::uint32_t up = order.parent[b];
    Series series = open[up];
    if (keep[up] || children[up] != 1) series = Series{place[up], {}, {}, {}};
    node.parent = series.top;
    node.z = series.z;
    place_branch(node, order.feeding_branch[b]);
    series.z = node.z;
    series.branches.push_back(order.feeding_branch[b]);
    if (keep[b] || children[b] != 1) {
      place[b] = static_cast<std::uint32_t>(nodes.size());
      for (const std::uint32_t i : series.inner) inners[i].bottom = place[b];
      for (const std::uint32_t br : series.branches) branch_node[br] = place[b];
      nodes.push_back(node);
    } else {
      series.inner.push_back(static_cast<std::uint32_t>(inners.size()));
      inners.push_back({b, series.top, 0, node.z});
      open[b] = std::move(series);
    }
  }
  for (const Connection& c : network.connections) {
    const double nominal = c.nominal_v > 0 ? c.nominal_v : network.buses[c.bus].nominal_v;
    const double low = network.load_model.min_pu * nominal;
    const double high = network.load_model.max_pu * nominal;
    loads.push_back({place[c.bus], c.phases, low * low, high * high});
  }
}

// The no-load voltages: what every bus has before any current flows.
void PowerFlow::Engine::start_flat() {
  v[0] = source_e;
  for (std::size_t n = 1; n < nodes.size(); ++n) {
    const Z3& up = v[nodes[n].parent];
    v[n] = up;
    if (!nodes[n].transformer) continue;
    for (std::size_t p = 0; p < 3; ++p) {
      v[n][p] = {};
      for (std::size_t q = 0; q < 3; ++q)
        v[n][p] = v[n][p] + nodes[n].group[p][q] * nodes[n].inverse_ratio * up[q];
    }
  }
  good_v = v;
}

void PowerFlow::Engine::load_currents(std::span<const Phases> draw_va) {
  for (std::size_t n = 0; n < nodes.size(); ++n)
    j[n] = nodes[n].has_shunt ? nodes[n].shunt * v[n] : Z3{};
  for (std::size_t l = 0; l < loads.size(); ++l) {
    const Load& load = loads[l];
    for (unsigned p = 0; p < 3; ++p) {
      const Z s = to_z(draw_va[l][p]);
      Z& i = load_i[l][p];
      if (!(load.phases >> p & 1) || (s.r == 0 && s.i == 0)) {
        i = {};
        continue;
      }
      const Z u = v[load.node][p];
      const double u2 = norm2(u);
      // conj(S / V) = V conj(S) / |V|^2; constant impedance: S grows with |V|^2 from the limit.
      const double divisor = u2 < load.v_min2 ? load.v_min2 : u2 > load.v_max2 ? load.v_max2 : u2;
      i = (1 / divisor) * (u * Z{s.r, -s.i});
      j[load.node][p] = j[load.node][p] + i;
    }
  }
}

void PowerFlow::Engine::backward() {
  for (std::size_t n = nodes.size() - 1; n > 0; --n) {
    const Node& node = nodes[n];
    if (!node.transformer) {
      j[node.parent] = j[node.parent] + j[n];
      continue;
    }
    for (std::size_t q = 0; q < 3; ++q)
      for (std::size_t p = 0; p < 3; ++p)
        j[node.parent][q] = j[node.parent][q] + node.group[p][q] * node.inverse_ratio * j[n][p];
  }
}

double PowerFlow::Engine::forward(std::uint32_t& worst) {
  double largest = 0;
  const auto move_to = [&](std::size_t n, const Z3& fresh) {
    for (std::size_t p = 0; p < 3; ++p) {
      const double moved = norm2(fresh[p] - v[n][p]) * nodes[n].scale * nodes[n].scale;
      if (!(moved <= largest)) {  // also where it is not a number
        largest = moved;
        worst = nodes[n].bus;
      }
    }
    v[n] = fresh;
  };
  move_to(0, source_e - source_z * j[0]);
  for (std::size_t n = 1; n < nodes.size(); ++n) {
    const Node& node = nodes[n];
    Z3 up = v[node.parent];
    if (node.transformer) {
      Z3 induced{};
      for (std::size_t p = 0; p < 3; ++p)
        for (std::size_t q = 0; q < 3; ++q)
          induced[p] = induced[p] + node.group[p][q] * node.inverse_ratio * up[q];
      up = induced;
    }
    move_to(n, up - node.z * j[n]);
  }
  return std::sqrt(largest);
}

void PowerFlow::Engine::finish() {
  for (std::size_t n = 0; n < nodes.size(); ++n)
    for (std::size_t p = 0; p < 3; ++p) result.voltage_v[nodes[n].bus][p] = to_complex(v[n][p]);
  for (const Inner& inner : inners) {
    const Z3 u = v[inner.top] - inner.z * j[inner.bottom];
    for (std::size_t p = 0; p < 3; ++p) result.voltage_v[inner.bus][p] = to_complex(u[p]);
  }
  Z drawn{}, source{};
  for (std::size_t l = 0; l < loads.size(); ++l)
    for (std::size_t p = 0; p < 3; ++p) {
      const Z s = power(v[loads[l].node][p], load_i[l][p]);
      result.drawn_va[l][p] = to_complex(s);
      drawn = drawn + s;
    }
  for (std::size_t p = 0; p < 3; ++p) source = source + power(v[0][p], j[0][p]);
  result.load_va = to_complex(drawn);
  result.source_va = to_complex(source);
  finish_branches();
}

void PowerFlow::Engine::finish_branches() {
  const auto voltage = [&](std::uint32_t bus, std::size_t p) {
    return to_z(result.voltage_v[bus][p]);
  };
  for (std::size_t b = 0; b < network.lines.size(); ++b) {
    const Line& line = network.lines[b];
    // A line may be written against the direction of feeding; its series current is the same.
    const Z3& i = j[branch_node[b]];
    const bool shunted = !is_zero(line.shunt);
    double loss = 0, largest2 = 0;
    for (std::size_t p = 0; p < 3; ++p) {
      Z drop{};
      for (std::size_t q = 0; q < 3; ++q) drop = drop + to_z(line.z[p][q]) * i[q];
      loss += power(drop, i[p]).r;
      largest2 = std::max(largest2, norm2(i[p]));
      result.current_a[b][p] = to_complex(i[p]);
    }
    if (shunted)
      for (const std::uint32_t end : {line.from, line.to})
        for (std::size_t p = 0; p < 3; ++p)
          for (std::size_t q = 0; q < 3; ++q)
            loss += 0.5 * power(voltage(end, p), to_z(line.shunt[p][q]) * voltage(end, q)).r;
    result.losses_w[b] = loss;
    result.loading[b] = line.rated_a > 0 ? std::sqrt(largest2) / line.rated_a : 0;
  }
  for (std::size_t k = 0; k < network.transformers.size(); ++k) {
    const Transformer& t = network.transformers[k];
    const std::size_t b = network.lines.size() + k;
    const Node& node = nodes[branch_node[b]];
    const Z3& i = j[branch_node[b]];
    const double base_s = t.rated_va / (t.from_nominal_v * t.from_nominal_v);
    double loss = 0, largest2 = 0;
    for (std::size_t p = 0; p < 3; ++p) {
      loss += node.z[p][p].r * norm2(i[p]);
      loss += base_s * t.magnetising_pu.real() * norm2(voltage(t.from, p));
      largest2 = std::max(largest2, norm2(i[p]));
      Z primary{};
      for (std::size_t q = 0; q < 3; ++q)
        primary = primary + node.group[q][p] * node.inverse_ratio * i[q];
      result.current_a[b][p] = to_complex(primary);
    }
    result.losses_w[b] = loss;
    result.loading[b] = std::sqrt(largest2) * sqrt3 * t.to_nominal_v / t.rated_va;
  }
}

PowerFlow::PowerFlow(const Network& network, PowerFlowOptions options)
    : engine_(std::make_unique<Engine>(network, options)) {}
PowerFlow::~PowerFlow() = default;
PowerFlow::PowerFlow(PowerFlow&&) noexcept = default;

std::string PowerFlow::check(const Network& network) {
  const auto buses = network.buses.size();
  if (buses == 0) return "the network has no bus";
  if (network.source.bus >= buses) return "the source stands at a bus that does not exist";
  for (const Bus& b : network.buses)
    if (!(b.nominal_v > 0) || !std::isfinite(b.nominal_v))
      return "bus \"" + b.name + "\" has no nominal voltage above zero";
  for (const Line& l : network.lines) {
    if (l.from >= buses || l.to >= buses || l.from == l.to)
      return "line \"" + l.name + "\" does not join two buses";
    if (!(l.rated_a >= 0)) return "line \"" + l.name + "\" has a rating below zero";
    for (const auto& row : l.z)
      for (const Complex& c : row)
        if (!std::isfinite(c.real()) || !std::isfinite(c.imag()))
          return "line \"" + l.name + "\" has an impedance that is not a number";
  }
  for (const Transformer& t : network.transformers) {
    if (t.from >= buses || t.to >= buses || t.from == t.to)
      return "transformer \"" + t.name + "\" does not join two buses";
    if (!(t.rated_va > 0) || !(t.from_nominal_v > 0) || !(t.to_nominal_v > 0) || !(t.tap > 0))
      return "transformer \"" + t.name + "\" needs a rating, voltages and a tap above zero";
    const bool delta_wye = t.from_winding == Winding::delta &&
                           t.to_winding == Winding::wye_grounded && t.clock % 2 == 1;
    const bool wye_wye = t.from_winding == Winding::wye_grounded &&
                         t.to_winding == Winding::wye_grounded &&
                         (t.clock == 0 || t.clock == 6 || t.clock == 12);
    if (!delta_wye && !wye_wye)
      return "transformer \"" + t.name +
             "\": only delta / grounded wye (odd hours) and grounded wye on both sides (hours 0 "
             "and 6) are supported";
  }
  for (const Connection& c : network.connections)
    if (c.bus >= buses || (c.phases & 7) == 0 || c.phases > 7)
      return "connection \"" + c.name + "\" has no bus or no phase";
  const RadialOrder order = radial_order(network);
  if (!order.problem.empty()) return order.problem;
  for (std::size_t k = 0; k < network.transformers.size(); ++k) {
    const Transformer& t = network.transformers[k];
    if (order.feeding_branch[t.to] != network.lines.size() + k)
      return "transformer \"" + t.name + "\": its `from` side must be the source's side";
  }
  return {};
}

const PowerFlowResult& PowerFlow::solve(std::span<const Phases> draw_va) {
  Engine& e = *engine_;
  ledger::invariant(draw_va.size() == e.loads.size(), "one power a connection");
  PowerFlowResult& r = e.result;
  r.converged = false;
  for (r.iterations = 1; r.iterations <= e.options.max_iterations; ++r.iterations) {
    e.load_currents(draw_va);
    e.backward();
    r.worst_mismatch_pu = e.forward(r.worst_bus);
    if (r.worst_mismatch_pu <= e.options.tolerance_pu) {
      r.converged = true;
      break;
    }
    if (!std::isfinite(r.worst_mismatch_pu)) break;
  }
  if (r.converged) {
    e.good_v = e.v;
    e.finish();
  } else {
    // The caller keeps the last good picture; the next step starts from it.
    r.iterations = std::min(r.iterations, e.options.max_iterations);
    e.v = e.good_v;
  }
  return r;
}

}  // namespace twin
