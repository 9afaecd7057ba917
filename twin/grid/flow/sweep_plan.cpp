#include "twin/grid/flow/sweep_plan.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "ledger/base/invariant.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

namespace twin {
namespace {

constexpr double sqrt3 = std::numbers::sqrt3;
constexpr std::uint32_t dead = UINT32_MAX;
// A voltage over a winding that is lost when its rated current flows; beyond this many times its
// own short-circuit impedance a winding counts as floating.
constexpr double floating = 1e3;

// A two-port seen from its parent's end: V_child = a V_parent - b J, I_parent = c V_parent + d J,
// with J the current that leaves at the child's end.
struct Chain {
  PhaseMatrix a{}, b{}, c{}, d{};
};

std::optional<Chain> chain_of(const TwoPort& y, bool parent_is_from, PhaseMask child_phases) {
  const PhaseMatrix& pp = parent_is_from ? y.ff : y.tt;
  const PhaseMatrix& pc = parent_is_from ? y.ft : y.tf;
  const PhaseMatrix& cp = parent_is_from ? y.tf : y.ft;
  const PhaseMatrix& cc = parent_is_from ? y.tt : y.ff;
  const auto inside = inverse(cc, child_phases);
  if (!inside) return std::nullopt;
  const PhaseMatrix zero{};
  const PhaseMatrix a = zero - *inside * cp;
  return Chain{a, *inside, pp + pc * a, zero - pc * *inside};
}

// Branches between the same two buses.
using Bundles = std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>>;

Bundles bundles_of(const Network& net) {
  Bundles out;
  for (std::uint32_t b = 0; b < branch_count(net); ++b) {
    const BranchEnds e = branch_ends(net, b);
    const bool closed = b < net.lines.size() ? net.lines[b].from_closed && net.lines[b].to_closed
                                             : net.transformers[b - net.lines.size()].from_closed &&
                                                   net.transformers[b - net.lines.size()].to_closed;
    if (closed) out[std::minmax(e.from, e.to)].push_back(b);
  }
  return out;
}

// Of all branches between two buses, with `from` the lower one; shunts of lines are left out, they
// stand at the buses.
TwoPort bundle_admittance(const Network& net, const std::vector<std::uint32_t>& branches) {
  TwoPort sum;
  for (const std::uint32_t b : branches) {
    TwoPort y;
    if (b < net.lines.size()) {
      Line bare = net.lines[b];
      bare.shunt = {};
      y = admittance(bare);
    } else {
      y = admittance(net.transformers[b - net.lines.size()]);
    }
    const BranchEnds e = branch_ends(net, b);
    if (e.from > e.to) {
      std::swap(y.ff, y.tt);
      std::swap(y.ft, y.tf);
    }
    sum = {sum.ff + y.ff, sum.ft + y.ft, sum.tf + y.tf, sum.tt + y.tt};
  }
  return sum;
}

// Whether a parent's bundle is a line alone, which has a faster form.
bool is_line(const Network& net, const std::vector<std::uint32_t>& bundle) {
  return bundle.size() == 1 && bundle[0] < net.lines.size();
}

// A chord beside a branch of the tree is part of that branch's bundle and closes no loop of its
// own.
bool runs_beside(const Topology& top, BranchEnds e) {
  return top.parent[e.from] == e.to || top.parent[e.to] == e.from;
}

bool leg_is_live(const Connection& c, PhaseMask live, unsigned p) {
  return live >> p & 1 && (c.hookup == Hookup::wye || live >> (p + 1) % 3 & 1);
}

double largest_entry(const PhaseMatrix& m) {
  double out = 0;
  for (const auto& row : m)
    for (const Complex& c : row) out = std::max(out, std::abs(c));
  return out;
}

bool floats(const Network& net, const std::vector<std::uint32_t>& bundle, const Chain& chain,
            std::uint32_t child) {
  double least = INFINITY;
  for (const std::uint32_t b : bundle) {
    if (b < net.lines.size()) continue;
    const Transformer& t = net.transformers[b - net.lines.size()];
    const double ratio = t.from_coil_v / t.to_coil_v;
    least = std::min(least, std::abs(t.z) * (child == t.from ? ratio * ratio : 1));
  }
  return largest_entry(chain.b) > floating * least;
}

// One phase of three, or all of them.
void append(std::vector<double>& out, const PhaseMatrix& m, int phases) {
  if (phases == 1) {
    const Complex one = positive_sequence(m);
    out.push_back(one.real());
    out.push_back(one.imag());
    return;
  }
  for (const auto& row : m)
    for (const Complex& c : row) {
      out.push_back(c.real());
      out.push_back(c.imag());
    }
}

SweepLeg leg_of(const Network& net, const Connection& c, unsigned p, int phases) {
  const double nominal = leg_nominal_v(net, c);
  // In the single-phase equivalent a delta's leg is seen from its phase.
  const double seen_v = phases == 1 && c.hookup == Hookup::delta ? nominal / sqrt3 : nominal;
  const double low = std::max(c.model.min_pu, 1e-6) * seen_v, high = c.model.max_pu * seen_v;
  SweepLeg leg;
  leg.a = phases == 1 ? 0 : static_cast<std::uint8_t>(p);
  leg.b = static_cast<std::uint8_t>((p + 1) % 3);
  leg.delta = phases == 3 && c.hookup == Hookup::delta;
  leg.answers = c.model.p_shares[0] != 1 || c.model.q_shares[0] != 1;
  leg.whole_outside = c.model.whole_outside;
  leg.u2_min = low * low;
  leg.u2_max = high * high;
  leg.per_nominal = 1 / seen_v;
  std::copy(c.model.p_shares.begin(), c.model.p_shares.end(), leg.p_shares);
  std::copy(c.model.q_shares.begin(), c.model.q_shares.end(), leg.q_shares);
  return leg;
}

// Builds a plan; what it needs on the way.
class Planner {
 public:
  Planner(SweepPlan& plan, const Network& net, const Topology& topology)
      : plan_(plan), net_(net), top_(topology), bundles_(bundles_of(net)) {}
  void run();

 private:
  struct Series {  // lines since the last node above a bus
    std::uint32_t top = 0;
    PhaseMatrix z{};
    std::vector<std::uint32_t> inner;                        // places in inners
    std::vector<std::pair<std::uint32_t, double>> branches;  // with their sign
  };
  const std::vector<std::uint32_t>& bundle_above(std::uint32_t bus) const {
    return bundles_.at(std::minmax(bus, top_.parent[bus]));
  }
  void find_shunts();
  void find_nodes();
  void place(std::uint32_t bus);
  void add_node(std::uint32_t bus, std::uint32_t parent);
  void add_lines(std::uint32_t bus, Series series);
  void add_two_port(std::uint32_t bus);
  void add_legs();
  bool starts_with_full_wye(const SweepNode& node) const;
  void add_chords();
  void invert_chords();
  std::vector<Complex> voltages_under(const std::vector<Complex>& drawn) const;
  void bind();

  SweepPlan& plan_;
  const Network& net_;
  const Topology& top_;
  Bundles bundles_;
  std::vector<PhaseMatrix> shunt_;
  std::vector<bool> has_shunt_, keep_;
  std::vector<int> children_;
  std::vector<Series> open_;            // by bus
  std::vector<std::uint32_t> node_of_;  // by bus, of nodes
  std::vector<std::uint32_t> two_port_nodes_, shunt_nodes_, chord_lines_;
};

void Planner::find_shunts() {
  const auto add = [&](std::uint32_t bus, const PhaseMatrix& y) {
    shunt_[bus] = shunt_[bus] + y;
    has_shunt_[bus] = true;
  };
  for (const Line& l : net_.lines) {
    if (l.from_closed && l.to_closed) {
      if (is_zero(l.shunt)) continue;
      add(l.from, 0.5 * l.shunt);
      add(l.to, 0.5 * l.shunt);
    } else if (const TwoPort y = admittance(l); l.from_closed) {
      add(l.from, y.ff);
    } else if (l.to_closed) {
      add(l.to, y.tt);
    }
  }
  for (const Transformer& t : net_.transformers) {
    if (t.from_closed && t.to_closed) continue;
    const TwoPort y = admittance(t);
    if (t.from_closed) add(t.from, y.ff);
    if (t.to_closed) add(t.to, y.tt);
  }
  for (const Shunt& s : net_.shunts) add(s.bus, s.y);
}

// Chords and whatever else needs a place of its own in the sweep.
void Planner::find_nodes() {
  keep_ = has_shunt_;
  keep_[net_.sources[0].bus] = true;
  for (const Connection& c : net_.connections) keep_[c.bus] = true;
  for (const std::uint32_t b : top_.order)
    if (b != net_.sources[0].bus) ++children_[top_.parent[b]];
  for (const std::uint32_t c : top_.chords) {
    const BranchEnds e = branch_ends(net_, c);
    if (runs_beside(top_, e)) continue;
    keep_[e.from] = keep_[e.to] = true;
    chord_lines_.push_back(c);
  }
  for (const std::uint32_t b : top_.order) {
    if (b == net_.sources[0].bus || is_line(net_, bundle_above(b))) continue;
    keep_[b] = keep_[top_.parent[b]] = true;
  }
}

void Planner::add_node(std::uint32_t bus, std::uint32_t parent) {
  node_of_[bus] = static_cast<std::uint32_t>(plan_.nodes.size());
  plan_.row_of_bus[bus] = node_of_[bus];
  plan_.bus_of_node.push_back(bus);
  SweepNode node;
  node.parent = parent;
  node.per_nominal2 = 1 / (net_.buses[bus].nominal_v * net_.buses[bus].nominal_v);
  plan_.nodes.push_back(node);
}

void Planner::add_lines(std::uint32_t bus, Series series) {
  const std::uint32_t branch = top_.feeding_branch[bus];
  const Line& line = net_.lines[branch];
  series.z = series.z + line.z;
  series.branches.emplace_back(branch, line.to == bus ? 1.0 : -1.0);
  if (keep_[bus] || children_[bus] != 1) {
    add_node(bus, series.top);
    append(plan_.z, series.z, plan_.phases);
    for (const std::uint32_t i : series.inner) plan_.inners[i].bottom = node_of_[bus];
    for (const auto& [b, sign] : series.branches)
      plan_.branch_current[b] = {SweepPlan::BranchCurrent::Kind::node, node_of_[bus], sign};
  } else {
    series.inner.push_back(static_cast<std::uint32_t>(plan_.inners.size()));
    plan_.inners.push_back({bus, series.top, 0});
    append(plan_.inner_z, series.z, plan_.phases);
    open_[bus] = std::move(series);
  }
}

void Planner::add_two_port(std::uint32_t bus) {
  const auto& bundle = bundle_above(bus);
  const std::uint32_t up = top_.parent[bus];
  const auto chain = chain_of(bundle_admittance(net_, bundle), up < bus, top_.live[bus]);
  ledger::invariant(chain.has_value(), "a sweep's network was checked");
  add_node(bus, node_of_[up]);
  append(plan_.z, {}, plan_.phases);
  for (const PhaseMatrix* m : {&chain->a, &chain->b, &chain->c, &chain->d})
    append(plan_.two_ports, *m, plan_.phases);
  two_port_nodes_.push_back(node_of_[bus]);
}

void Planner::place(std::uint32_t bus) {
  const std::uint32_t up = top_.parent[bus];
  if (bus == net_.sources[0].bus) {
    add_node(bus, 0);
    append(plan_.z, net_.sources[0].z, plan_.phases);
  } else if (!is_line(net_, bundle_above(bus))) {
    add_two_port(bus);
  } else if (keep_[up] || children_[up] != 1) {
    add_lines(bus, {node_of_[up], {}, {}, {}});
  } else {
    add_lines(bus, std::move(open_[up]));
  }
  if (node_of_[bus] == dead || !has_shunt_[bus]) return;
  append(plan_.shunts, shunt_[bus], plan_.phases);
  shunt_nodes_.push_back(node_of_[bus]);
}

// Legs stand in the order of their nodes.
void Planner::add_legs() {
  std::vector<std::vector<std::uint32_t>> at(plan_.nodes.size());
  for (std::uint32_t c = 0; c < net_.connections.size(); ++c)
    if (const std::uint32_t n = node_of_[net_.connections[c].bus]; n != dead) at[n].push_back(c);
  for (std::size_t n = 0; n < at.size(); ++n) {
    plan_.nodes[n].first_leg = static_cast<std::uint32_t>(plan_.legs.size());
    for (const std::uint32_t c : at[n]) {
      const Connection& connection = net_.connections[c];
      for (unsigned p = 0; p < 3; ++p) {
        if (!(connection.phases >> p & 1)) continue;
        if (!leg_is_live(connection, top_.live[connection.bus], p)) continue;
        plan_.legs.push_back(leg_of(net_, connection, p, plan_.phases));
        plan_.leg_sources.push_back({c, static_cast<std::uint8_t>(p)});
      }
    }
    plan_.nodes[n].legs = static_cast<std::uint32_t>(plan_.legs.size()) - plan_.nodes[n].first_leg;
    plan_.nodes[n].full_wye = starts_with_full_wye(plan_.nodes[n]);
  }
}

bool Planner::starts_with_full_wye(const SweepNode& node) const {
  if (plan_.phases != 3 || node.legs < 3) return false;
  for (std::uint32_t p = 0; p < 3; ++p) {
    const SweepLeg& leg = plan_.legs[node.first_leg + p];
    if (leg.a != p || leg.delta || leg.answers) return false;
  }
  return true;
}

void Planner::add_chords() {
  for (const std::uint32_t b : chord_lines_) {
    const Line& line = net_.lines[b];
    const auto index = static_cast<std::uint32_t>(plan_.chords.size());
    const PhaseMask phases = plan_.phases == 1 ? 1 : line.phases;
    plan_.chords.push_back({node_of_[line.from], node_of_[line.to], phases, nullptr});
    plan_.nodes[node_of_[line.from]].chord_end = plan_.nodes[node_of_[line.to]].chord_end = true;
    plan_.branch_current[b] = {SweepPlan::BranchCurrent::Kind::chord, index, 1};
    append(plan_.chord_z, line.z, plan_.phases);
  }
  if (!chord_lines_.empty()) invert_chords();
}

Complex pair_at(const std::vector<double>& values, std::size_t index) {
  return {values[2 * index], values[2 * index + 1]};
}

// Node voltages of the network without source voltage and loads when currents are drawn (all by
// node and phase): what the tree's impedances make of them.
std::vector<Complex> Planner::voltages_under(const std::vector<Complex>& drawn) const {
  const auto size = static_cast<std::size_t>(plan_.phases);
  const std::size_t matrix = size * size;
  std::vector<std::size_t> port(plan_.nodes.size(), SIZE_MAX);
  for (std::size_t k = 0; k < two_port_nodes_.size(); ++k)
    port[two_port_nodes_[k]] = 4 * matrix * k;
  std::vector<Complex> j = drawn, v(drawn.size());
  const auto add = [&](std::vector<Complex>& out, std::size_t to, const std::vector<double>& m,
                       std::size_t first, const std::vector<Complex>& in, std::size_t from,
                       double sign) {
    for (std::size_t r = 0; r < size; ++r)
      for (std::size_t c = 0; c < size; ++c)
        out[to * size + r] += sign * pair_at(m, first + r * size + c) * in[from * size + c];
  };
  for (std::size_t n = plan_.nodes.size() - 1; n > 0; --n) {
    const std::size_t up = plan_.nodes[n].parent;
    if (port[n] != SIZE_MAX) {
      add(j, up, plan_.two_ports, port[n] + 3 * matrix, j, n, 1);
      continue;
    }
    for (std::size_t p = 0; p < size; ++p) j[up * size + p] += j[n * size + p];
  }
  add(v, 0, plan_.z, 0, j, 0, -1);
  for (std::size_t n = 1; n < plan_.nodes.size(); ++n) {
    const std::size_t up = plan_.nodes[n].parent;
    if (port[n] != SIZE_MAX) {
      add(v, n, plan_.two_ports, port[n], v, up, 1);
      add(v, n, plan_.two_ports, port[n] + matrix, j, n, -1);
      continue;
    }
    for (std::size_t p = 0; p < size; ++p) v[n * size + p] = v[up * size + p];
    add(v, n, plan_.z, n * matrix, j, n, -1);
  }
  return v;
}

// The loop impedance matrix: what a current in each loop does to the gap of each loop. Phases that
// a chord lacks get a one on the diagonal and nothing else.
void Planner::invert_chords() {
  const auto size = static_cast<std::size_t>(plan_.phases);
  const std::size_t count = plan_.chords.size(), n = count * size;
  Eigen::MatrixXcd loop =
      Eigen::MatrixXcd::Zero(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(n));
  const auto has = [&](std::size_t row) {
    return plan_.phases == 1 || net_.lines[chord_lines_[row / size]].phases >> (row % size) & 1;
  };
  for (std::size_t column = 0; column < n; ++column) {
    const auto col = static_cast<Eigen::Index>(column);
    if (!has(column)) {
      loop(col, col) = 1;
      continue;
    }
    const SweepChord& chord = plan_.chords[column / size];
    std::vector<Complex> drawn(plan_.nodes.size() * size);
    drawn[chord.a * size + column % size] += 1;
    drawn[chord.b * size + column % size] -= 1;
    const std::vector<Complex> v = voltages_under(drawn);
    for (std::size_t row = 0; row < n; ++row) {
      if (!has(row)) continue;
      const SweepChord& other = plan_.chords[row / size];
      const std::size_t p = row % size;
      Complex gap = v[other.b * size + p] - v[other.a * size + p];
      if (row / size == column / size)
        gap += pair_at(plan_.chord_z, (row / size * size + p) * size + column % size);
      loop(static_cast<Eigen::Index>(row), col) = gap;
    }
  }
  const Eigen::MatrixXcd inverted = loop.inverse();
  // By chord of the row, chord of the column, then their phases.
  for (std::size_t c = 0; c < count; ++c)
    for (std::size_t d = 0; d < count; ++d)
      for (std::size_t p = 0; p < size; ++p)
        for (std::size_t q = 0; q < size; ++q) {
          const bool both = has(c * size + p) && has(d * size + q);
          const Complex m = both ? inverted(static_cast<Eigen::Index>(c * size + p),
                                            static_cast<Eigen::Index>(d * size + q))
                                 : Complex{};
          plan_.chord_inverse.push_back(m.real());
          plan_.chord_inverse.push_back(m.imag());
        }
}

// Pointers, once nothing moves any more.
void Planner::bind() {
  const auto pairs = static_cast<std::size_t>(2 * plan_.phases * plan_.phases);
  for (std::size_t k = 0; k < shunt_nodes_.size(); ++k)
    plan_.nodes[shunt_nodes_[k]].shunt = plan_.shunts.data() + k * pairs;
  for (std::size_t k = 0; k < two_port_nodes_.size(); ++k)
    plan_.nodes[two_port_nodes_[k]].two_port = plan_.two_ports.data() + k * 4 * pairs;
  for (std::size_t k = 0; k < plan_.chords.size(); ++k)
    plan_.chords[k].z = plan_.chord_z.data() + k * pairs;
  for (const SweepPlan::Inner& i : plan_.inners) {
    plan_.inner_top.push_back(i.top);
    plan_.inner_bottom.push_back(i.bottom);
  }
  for (std::size_t n = plan_.nodes.size() - 1; n > 0; --n) {
    SweepNode& parent = plan_.nodes[plan_.nodes[n].parent];
    plan_.nodes[n].first_child = !parent.has_child;
    parent.has_child = true;
  }
}

void Planner::run() {
  const std::size_t buses = net_.buses.size();
  shunt_.resize(buses);
  has_shunt_.assign(buses, false);
  children_.assign(buses, 0);
  open_.resize(buses);
  node_of_.assign(buses, dead);
  plan_.row_of_bus.assign(buses, dead);
  plan_.branch_current.resize(branch_count(net_));
  find_shunts();
  find_nodes();
  for (const std::uint32_t bus : top_.order) place(bus);
  for (std::size_t i = 0; i < plan_.inners.size(); ++i)
    plan_.row_of_bus[plan_.inners[i].bus] = static_cast<std::uint32_t>(plan_.nodes.size() + i);
  add_legs();
  add_chords();
  bind();
}

std::vector<double> emf_of(const Network& net, int phases) {
  const Source& source = net.sources[0];
  const double e = source.voltage_pu * net.buses[source.bus].nominal_v;
  std::vector<double> out;
  for (int p = 0; p < phases; ++p) {
    const Complex v = std::polar(e, (source.angle_deg - 120.0 * p) * std::numbers::pi / 180.0);
    out.push_back(v.real());
    out.push_back(v.imag());
  }
  return out;
}

std::string problem_of_bundles(const Network& net, const Topology& top) {
  const Bundles bundles = bundles_of(net);
  for (const std::uint32_t bus : top.order) {
    const std::uint32_t up = top.parent[bus];
    if (bus == up) continue;
    const auto& bundle = bundles.at(std::minmax(bus, up));
    if (is_line(net, bundle)) {
      if ((top.live[bus] & ~net.lines[bundle[0]].phases) == 0) continue;
      return "bus \"" + net.buses[bus].name + "\" has phases that only a loop brings there";
    }
    const auto chain = chain_of(bundle_admittance(net, bundle), up < bus, top.live[bus]);
    if (!chain || floats(net, bundle, *chain, bus))
      return "\"" + branch_name(net, bundle[0]) + "\" has no path to ground at bus \"" +
             net.buses[bus].name + "\"";
  }
  return {};
}

}  // namespace

SweepPlan::SweepPlan(const Network& network, const Topology& topology, int phase_count)
    : phases(phase_count), emf(emf_of(network, phase_count)) {
  Planner(*this, network, topology).run();
}

SweepArrays SweepPlan::arrays() const {
  SweepArrays a;
  a.phases = phases;
  a.nodes = static_cast<std::uint32_t>(nodes.size());
  a.inners = static_cast<std::uint32_t>(inners.size());
  a.chords = static_cast<std::uint32_t>(chords.size());
  a.node = nodes.data();
  a.z = z.data();
  a.leg = legs.data();
  a.emf = emf.data();
  a.inner_top = inner_top.data();
  a.inner_bottom = inner_bottom.data();
  a.inner_z = inner_z.data();
  a.chord = chords.data();
  a.chord_inverse = chord_inverse.data();
  return a;
}

std::string unsweepable(const Network& network, const Topology& topology) {
  if (network.sources.size() > 1) return "there is more than one source";
  if (!network.generators.empty()) return "generators hold voltages";
  std::size_t loops = 0;
  for (const std::uint32_t c : topology.chords) {
    const BranchEnds e = branch_ends(network, c);
    if (runs_beside(topology, e)) continue;
    if (c >= network.lines.size())
      return "transformer \"" + branch_name(network, c) + "\" closes a loop";
    if (++loops > max_chords) return "there are more than 64 loops";
  }
  return problem_of_bundles(network, topology);
}

}  // namespace twin
