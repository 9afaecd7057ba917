#pragma once
// The graph of a network: what is energised, which bus feeds which, what closes loops.

#include <cstdint>
#include <string>
#include <vector>

#include "twin/grid/model/network.hpp"

namespace twin {

// Branches are numbered lines first, then transformers.
inline constexpr std::uint32_t no_branch = UINT32_MAX;

struct BranchEnds {
  std::uint32_t from = 0, to = 0;
};
std::size_t branch_count(const Network& network);
BranchEnds branch_ends(const Network& network, std::uint32_t branch);
const std::string& branch_name(const Network& network, std::uint32_t branch);

struct Topology {
  // The tree below the first source, over branches closed at both ends, breadth first: the source's
  // bus, then every bus after its parent. Buses that it does not reach are left out.
  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> parent;          // by bus; itself for the source and outside the tree
  std::vector<std::uint32_t> feeding_branch;  // by bus; no_branch likewise
  std::vector<double> distance_m;             // by bus, of lines on the way from the source
  // Closed branches between buses of the tree that are not in it: each closes a loop. A branch
  // beside another one between the same two buses counts as well.
  std::vector<std::uint32_t> chords;
  std::vector<PhaseMask> live;  // by bus: phases with a path to any source; 0: dead
};

Topology topology_of(const Network& network);

// One message for the first thing wrong with the network itself, whatever solves it: an element at
// a bus that does not exist, an impedance that cannot be, a bus that no branch joins to a source
// even with all switches closed, a load on phases that its bus never has. Empty where all is well.
std::string check_network(const Network& network);

}  // namespace twin
