#pragma once
// The graph of a network: which bus feeds which, seen from the source.

#include <cstdint>
#include <string>
#include <vector>

#include "twin/grid/network.hpp"

namespace twin {

// Branches are numbered lines first, then transformers.
inline constexpr std::uint32_t no_branch = UINT32_MAX;

struct RadialOrder {
  std::vector<std::uint32_t> buses;           // source first, every bus after its parent
  std::vector<std::uint32_t> parent;          // by bus; itself for the source
  std::vector<std::uint32_t> feeding_branch;  // by bus; no_branch for the source
  std::string problem;                        // empty: a tree that reaches every bus
};

// Breadth first. A loop or an island is named in `problem`.
RadialOrder radial_order(const Network& network);

}  // namespace twin
