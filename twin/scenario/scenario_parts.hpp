#pragma once
// A scenario file as it was read, before its homes stand on a grid.

#include <string>
#include <vector>

#include "twin/scenario/population.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

struct MeterEntry {
  std::string where;
  MeterSpec spec;
};

struct ScenarioParts {
  std::string file;
  Scenario base;  // without homes
  std::vector<Population> populations;
  std::vector<Prosumer> prosumers;
  std::vector<MeterEntry> meters;
  std::string where_grid, where_weather, where_gateways, where_concentrators, where_recording;
};

}  // namespace twin
