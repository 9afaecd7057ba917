#pragma once
// A network made ready for sweeps: the tree below its source as flat arrays, in an order in which
// every node comes after its parent. Unloaded buses of degree two lie inside a series of lines and
// are merged exactly; parallel branches between two buses become one two-port; lines that close
// loops become chords.

#include <string>
#include <vector>

#include "twin/grid/flow/sweep_kernel.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/grid/model/topology.hpp"

namespace twin {

struct SweepPlan {
  // One leg of a connection, in the kernel's order.
  struct LegSource {
    std::uint32_t connection = 0;
    std::uint8_t leg = 0;
  };
  // Where a branch's series current from its `from` to its `to` end is found.
  struct BranchCurrent {
    enum class Kind : std::uint8_t { none, node, chord } kind = Kind::none;
    std::uint32_t index = 0;
    double sign = 1;
  };
  // Inside a series of lines: its voltage is that of `top` less z times the current of `bottom`.
  struct Inner {
    std::uint32_t bus = 0, top = 0, bottom = 0;
  };

  int phases = 3;
  std::vector<SweepNode> nodes;
  std::vector<std::uint32_t> bus_of_node;
  std::vector<std::uint32_t> row_of_bus;  // in the state's v; UINT32_MAX for dead buses
  std::vector<SweepLeg> legs;
  std::vector<LegSource> leg_sources;
  std::vector<Inner> inners;
  std::vector<SweepChord> chords;
  std::vector<std::uint32_t> chord_branch;
  std::vector<BranchCurrent> branch_current;
  std::vector<double> emf;  // pairs, by phase
  // Matrices as the kernel reads them, one after the other.
  std::vector<double> z, shunts, two_ports, inner_z, chord_z, chord_inverse;
  std::vector<std::uint32_t> inner_top, inner_bottom;

  // The network passed check_network, and `unsweepable` found nothing in it.
  SweepPlan(const Network& network, const Topology& topology, int phases);
  SweepPlan(const SweepPlan&) = delete;
  SweepPlan& operator=(const SweepPlan&) = delete;

  // The kernel's view of it, without state.
  SweepArrays arrays() const;
  // Rows of the state's v.
  std::size_t rows() const { return nodes.size() + inners.size(); }
};

// Why a sweep cannot solve this network, or empty: more than one source, machines that hold a
// voltage, windings without a path to ground on the side away from the source, transformers that
// close loops, buses with phases that do not come down the tree, more loops than max_chords.
std::string unsweepable(const Network& network, const Topology& topology);

inline constexpr std::size_t max_chords = 64;

}  // namespace twin
