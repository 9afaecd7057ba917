#include "twin/grid/model/topology.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <cmath>

#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

namespace twin {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS,
                                    boost::no_property, std::uint32_t>;  // edge: branch number
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;
using Edge = boost::graph_traits<Graph>::edge_descriptor;

enum class Switches : std::uint8_t { as_they_are, all_closed };

bool is_closed(const Network& net, std::uint32_t branch) {
  if (branch < net.lines.size())
    return net.lines[branch].from_closed && net.lines[branch].to_closed;
  const Transformer& t = net.transformers[branch - net.lines.size()];
  return t.from_closed && t.to_closed;
}

Graph graph_of(const Network& net, Switches switches) {
  Graph graph(net.buses.size());
  for (std::uint32_t b = 0; b < branch_count(net); ++b) {
    if (switches == Switches::as_they_are && !is_closed(net, b)) continue;
    const BranchEnds ends = branch_ends(net, b);
    boost::add_edge(ends.from, ends.to, b, graph);
  }
  return graph;
}

class OrderVisitor : public boost::default_bfs_visitor {
 public:
  OrderVisitor(const Network& net, Topology& t) : net_(net), t_(t) {}
  void discover_vertex(Vertex v, const Graph&) const {
    t_.order.push_back(static_cast<std::uint32_t>(v));
  }
  void tree_edge(Edge e, const Graph& g) const {
    const Vertex up = boost::source(e, g), down = boost::target(e, g);
    t_.parent[down] = static_cast<std::uint32_t>(up);
    t_.feeding_branch[down] = g[e];
    const double length_m = g[e] < net_.lines.size() ? net_.lines[g[e]].length_m : 0;
    t_.distance_m[down] = t_.distance_m[up] + length_m;
  }

 private:
  const Network& net_;
  Topology& t_;
};

// Phases that one end of a branch gets from the other's.
PhaseMask through_coils(const Transformer& t, PhaseMask have, bool to_side) {
  PhaseMask out = 0;
  for (const CoilPair& pair : t.coils) {
    bool driven = true;
    for (const Terminal end : to_side ? pair.from : pair.to)
      if (end <= Terminal::phase_3) driven = driven && have >> static_cast<unsigned>(end) & 1;
    if (!driven) continue;
    for (const Terminal end : to_side ? pair.to : pair.from)
      if (end <= Terminal::phase_3) out |= static_cast<PhaseMask>(1u << static_cast<unsigned>(end));
  }
  return out;
}

// Masks grow along branches until none does.
std::vector<PhaseMask> live_phases(const Network& net, const Graph& graph) {
  std::vector<PhaseMask> live(net.buses.size(), 0);
  std::vector<std::uint32_t> open;
  for (const Source& s : net.sources) {
    live[s.bus] = all_phases;
    open.push_back(s.bus);
  }
  while (!open.empty()) {
    const std::uint32_t bus = open.back();
    open.pop_back();
    for (const Edge edge : boost::make_iterator_range(boost::out_edges(bus, graph))) {
      const std::uint32_t branch = graph[edge];
      const auto other = static_cast<std::uint32_t>(boost::target(edge, graph));
      const PhaseMask given = branch < net.lines.size()
                                  ? live[bus] & net.lines[branch].phases
                                  : through_coils(net.transformers[branch - net.lines.size()],
                                                  live[bus], branch_ends(net, branch).from == bus);
      if ((live[other] | given) == live[other]) continue;
      live[other] |= given;
      open.push_back(other);
    }
  }
  return live;
}

std::string problem_of(const Network& net, const Line& l) {
  const std::string name = "line \"" + l.name + "\"";
  const auto buses = net.buses.size();
  if (l.from >= buses || l.to >= buses) return name + " stands at a bus that does not exist";
  if (!(l.rated_a >= 0)) return name + " has a rating below zero";
  if (l.phases == 0 || l.phases > all_phases) return name + " has no phase";
  if (!is_finite(l.z) || !is_finite(l.shunt))
    return name + " has an impedance that is not a number";
  if (!inverse(l.z, l.phases)) return name + " has no impedance";
  if (!(l.from_closed && l.to_closed) && resonates(l))
    return name + " is open and resonates with its own charging";
  return {};
}

std::string problem_of(const Network& net, const Transformer& t) {
  const std::string name = "transformer \"" + t.name + "\"";
  const auto buses = net.buses.size();
  if (t.from >= buses || t.to >= buses || t.from == t.to) return name + " does not join two buses";
  const auto above_zero = [](double x) { return x > 0 && std::isfinite(x); };
  if (!above_zero(t.from_coil_v) || !above_zero(t.to_coil_v) || !above_zero(t.from_tap) ||
      !above_zero(t.to_tap))
    return name + " needs voltages and taps above zero";
  if (!(t.rated_va >= 0)) return name + " has a rating below zero";
  if (t.coils.empty() || t.coils.size() > 3) return name + " needs one to three pairs of coils";
  if (!(std::abs(t.z) > 0) || !std::isfinite(std::abs(t.z))) return name + " has no impedance";
  return {};
}

std::string problem_of(const Network& net, const Connection& c) {
  const std::string name = "connection \"" + c.name + "\"";
  if (c.bus >= net.buses.size() || (c.phases & 7) == 0 || c.phases > 7)
    return name + " has no bus or no phase";
  if (!(c.model.min_pu >= 0) || !(c.model.max_pu > c.model.min_pu))
    return name + " has voltage limits that are not in order";
  return {};
}

std::string problem_of_elements(const Network& net) {
  const auto buses = net.buses.size();
  for (const Bus& b : net.buses)
    if (!(b.nominal_v > 0) || !std::isfinite(b.nominal_v))
      return "bus \"" + b.name + "\" has no nominal voltage above zero";
  for (const Source& s : net.sources) {
    if (s.bus >= buses) return "the source stands at a bus that does not exist";
    if (!is_finite(s.z) || !std::isfinite(s.voltage_pu) || !std::isfinite(s.angle_deg))
      return "the source has a figure that is not a number";
  }
  const auto first_of = [&](const auto& elements) -> std::string {
    for (const auto& e : elements)
      if (std::string problem = problem_of(net, e); !problem.empty()) return problem;
    return {};
  };
  if (std::string p = first_of(net.lines); !p.empty()) return p;
  if (std::string p = first_of(net.transformers); !p.empty()) return p;
  if (std::string p = first_of(net.connections); !p.empty()) return p;
  for (const Shunt& s : net.shunts)
    if (s.bus >= buses || !is_finite(s.y)) return "shunt \"" + s.name + "\" has no bus or figure";
  for (const Generator& g : net.generators)
    if (g.bus >= buses || !std::isfinite(g.power_w) || !(g.voltage_pu > 0))
      return "generator \"" + g.name + "\" has no bus, power or voltage";
  for (const TapControl& c : net.tap_controls)
    if (c.transformer >= net.transformers.size())
      return "tap control \"" + c.name + "\" has no transformer";
  return {};
}

// With all switches closed, so that what is switched off stays allowed and what is forgotten is
// not.
std::string problem_of_reach(const Network& net) {
  const Graph graph = graph_of(net, Switches::all_closed);
  const std::vector<PhaseMask> possible = live_phases(net, graph);
  for (std::size_t b = 0; b < net.buses.size(); ++b)
    if (!possible[b]) return "bus \"" + net.buses[b].name + "\" is not connected to the source";
  for (const Connection& c : net.connections)
    for (unsigned p = 0; p < 3; ++p) {
      if (!(c.phases >> p & 1)) continue;
      unsigned needed = 1u << p;
      if (c.hookup == Hookup::delta) needed |= 1u << (p + 1) % 3;
      if ((possible[c.bus] & needed) != needed)
        return "connection \"" + c.name + "\" stands on a phase that bus \"" +
               net.buses[c.bus].name + "\" does not have";
    }
  return {};
}

}  // namespace

std::size_t branch_count(const Network& network) {
  return network.lines.size() + network.transformers.size();
}

BranchEnds branch_ends(const Network& network, std::uint32_t branch) {
  if (branch < network.lines.size()) return {network.lines[branch].from, network.lines[branch].to};
  const Transformer& t = network.transformers[branch - network.lines.size()];
  return {t.from, t.to};
}

const std::string& branch_name(const Network& network, std::uint32_t branch) {
  return branch < network.lines.size() ? network.lines[branch].name
                                       : network.transformers[branch - network.lines.size()].name;
}

Topology topology_of(const Network& network) {
  const auto buses = network.buses.size();
  const Graph graph = graph_of(network, Switches::as_they_are);
  const std::uint32_t root = network.sources.front().bus;
  Topology t;
  t.parent.resize(buses);
  for (std::uint32_t b = 0; b < buses; ++b) t.parent[b] = b;
  t.feeding_branch.assign(buses, no_branch);
  t.distance_m.assign(buses, 0);
  boost::breadth_first_search(graph, root, boost::visitor(OrderVisitor(network, t)));
  t.live = live_phases(network, graph);
  const auto reached = [&](std::uint32_t b) {
    return b == root || t.feeding_branch[b] != no_branch;
  };
  for (std::uint32_t b = 0; b < branch_count(network); ++b) {
    const BranchEnds ends = branch_ends(network, b);
    const bool in_tree = t.feeding_branch[ends.from] == b || t.feeding_branch[ends.to] == b;
    if (is_closed(network, b) && reached(ends.from) && !in_tree) t.chords.push_back(b);
  }
  return t;
}

std::string check_network(const Network& network) {
  if (network.buses.empty()) return "the network has no bus";
  if (network.sources.empty()) return "the network has no source";
  if (std::string problem = problem_of_elements(network); !problem.empty()) return problem;
  return problem_of_reach(network);
}

}  // namespace twin
