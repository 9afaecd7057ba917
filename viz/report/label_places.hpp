#pragma once
// Where names of points stand in a plot, so that they cover neither each other nor points.

#include <vector>

#include "viz/layout.hpp"

namespace viz {

struct PointLabel {
  Point point;  // that it names
  double width = 0, height = 0;
};

// The top left corner of each label within the box: of places around its point, near ones first,
// the one that covers least of points, of the other labels and of the straight lines from these to
// their points. Labels are placed one after the other, each twice more when the others stand; in
// that order of all forward and backward rotations that covers least.
std::vector<Point> place_labels(const std::vector<PointLabel>& labels, Point top_left,
                                Point bottom_right);

}  // namespace viz
