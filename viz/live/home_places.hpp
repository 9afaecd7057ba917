#pragma once
// Where homes stand beside their buses, so that they hide neither each other nor the feeder.

#include <vector>

#include "viz/layout.hpp"

namespace viz {

// The side of a house in dots, before a display's scale and zoom, when the feeder fills a box.
double house_size(std::size_t homes, double box_area);

// Each home's place relative to its bus, in house sizes, y downwards. Homes take, one after
// another, the free place around their bus with the least overlap; in a feeder too large for that
// (where houses are dots) simply alternate sides. Deterministic.
std::vector<Point> home_shifts(const twin::RunDescription& run, const std::vector<Point>& bus_at);

}  // namespace viz
