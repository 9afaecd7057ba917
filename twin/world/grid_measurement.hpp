#pragma once
// What a grid operator measures in its feeder at one moment: every element, as by sensors at all
// of them. Where a real feeder has fewer, a state estimation stands in their place
// (twin/grid/estimation/feeder_estimator.hpp); how well a ladder does with less is not modelled
// here.

#include <vector>

#include "ledger/base/time.hpp"

namespace twin {

class World;

struct GridMeasurement {
  ledger::Instant time;
  std::vector<double> loading;             // by branch: 1 is the rating
  std::vector<double> v_min_pu, v_max_pu;  // by connection, over its legs; 0 where it is dead
};

GridMeasurement measure_grid(const World& world);

}  // namespace twin
