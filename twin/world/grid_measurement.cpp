#include "twin/world/grid_measurement.hpp"

#include <algorithm>
#include <cmath>

#include "twin/world/world.hpp"

namespace twin {

GridMeasurement measure_grid(const World& world) {
  const Network& network = world.network();
  const PowerFlowResult& grid = world.grid();
  GridMeasurement out;
  out.time = world.now();
  out.loading = grid.loading;
  for (const Connection& c : network.connections) {
    const double nominal_v = leg_nominal_v(network, c);
    double least = 0, most = 0;
    for (unsigned p = 0; p < 3; ++p) {
      if (!(c.phases >> p & 1)) continue;
      const double pu = std::abs(leg_voltage(c, grid.voltage_v[c.bus], p)) / nominal_v;
      least = least > 0 ? std::min(least, pu) : pu;
      most = std::max(most, pu);
    }
    out.v_min_pu.push_back(least);
    out.v_max_pu.push_back(most);
  }
  return out;
}

}  // namespace twin
