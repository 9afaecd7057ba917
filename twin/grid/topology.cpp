#include "twin/grid/topology.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>

namespace twin {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS,
                                    boost::no_property, std::uint32_t>;  // edge: branch number
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;
using Edge = boost::graph_traits<Graph>::edge_descriptor;

class OrderVisitor : public boost::default_bfs_visitor {
 public:
  explicit OrderVisitor(RadialOrder& order) : order_(order) {}
  void discover_vertex(Vertex v, const Graph&) const {
    order_.buses.push_back(static_cast<std::uint32_t>(v));
  }
  void tree_edge(Edge e, const Graph& g) const {
    order_.parent[boost::target(e, g)] = static_cast<std::uint32_t>(boost::source(e, g));
    order_.feeding_branch[boost::target(e, g)] = g[e];
  }

 private:
  RadialOrder& order_;
};

}  // namespace

RadialOrder radial_order(const Network& network) {
  const auto buses = network.buses.size();
  Graph graph(buses);
  std::uint32_t branch = 0;
  for (const Line& l : network.lines) boost::add_edge(l.from, l.to, branch++, graph);
  for (const Transformer& t : network.transformers) boost::add_edge(t.from, t.to, branch++, graph);

  RadialOrder order;
  order.parent.assign(buses, network.source.bus);
  order.feeding_branch.assign(buses, no_branch);
  boost::breadth_first_search(graph, network.source.bus, boost::visitor(OrderVisitor(order)));
  if (order.buses.size() < buses) {
    std::vector<bool> reached(buses, false);
    for (const std::uint32_t b : order.buses) reached[b] = true;
    for (std::size_t b = 0; b < buses && order.problem.empty(); ++b)
      if (!reached[b])
        order.problem = "bus \"" + network.buses[b].name + "\" is not connected to the source";
  } else if (branch + 1 > buses) {
    for (std::uint32_t l = 0; l < network.lines.size() && order.problem.empty(); ++l) {
      const Line& line = network.lines[l];
      if (order.feeding_branch[line.from] != l && order.feeding_branch[line.to] != l)
        order.problem = "line \"" + line.name + "\" closes a loop";
    }
    if (order.problem.empty()) order.problem = "a transformer closes a loop";
  }
  return order;
}

}  // namespace twin
