#pragma once
// Where the buses of a feeder stand in a drawing.

#include <vector>

#include "twin/store/run_format.hpp"

namespace viz {

struct Point {
  double x = 0, y = 0;
};

double distance(Point a, Point b);
double distance_to_segment(Point p, Point a, Point b);

// The drawing's coordinates, y upwards, in any scale. Those of the grid file where they spread the
// buses out (a bus that has none stands beside a neighbour); otherwise a tree from the first
// transformer's source side (the first bus where there is none): depth to the right, leaves one
// below the other. Deterministic.
std::vector<Point> bus_positions(const twin::RunDescription& run);

// Fits points into a box with one scale for both axes, y turned downwards as on a screen.
class Fit {
 public:
  Fit(const std::vector<Point>& points, Point top_left, Point bottom_right);
  Point operator()(Point p) const;
  double scale() const { return scale_; }

 private:
  Point centre_, middle_;
  double scale_ = 1;
};

}  // namespace viz
