#pragma once
// Made-up feeders for solvers to agree on: a medium-voltage tree below a source, low-voltage trees
// below transformers (Dyn, YNyn, single-phase units, ungrounded Dd), regulator banks, laterals of
// one to three phases, wye and delta loads with every share of ZIP, capacitors, open lines, a dead
// spur now and then, loops. Loads are scaled by a bound on the voltage drop to the worst bus, so
// that a solution above 0.85 pu exists.

#include <cstdint>
#include <vector>

#include "twin/grid/model/network.hpp"

namespace test {

struct FeederSize {
  std::uint32_t buses = 50;  // at least 2
  std::uint32_t loops = 0;   // at most so many
};

struct RandomFeeder {
  twin::Network network;
  std::vector<twin::Phases> draw_va;  // by connection and leg
};

RandomFeeder random_feeder(std::uint64_t seed, FeederSize size);

// Of 2 to 2,000 buses, most of them small, and none to four loops.
FeederSize random_feeder_size(std::uint64_t seed);

}  // namespace test
