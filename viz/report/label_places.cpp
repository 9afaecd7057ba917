#include "viz/report/label_places.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace viz {
namespace {

struct Box {
  Point corner;
  double width = 0, height = 0;
};

double shared_area(const Box& a, const Box& b) {
  const double across =
      std::min(a.corner.x + a.width, b.corner.x + b.width) - std::max(a.corner.x, b.corner.x);
  const double down =
      std::min(a.corner.y + a.height, b.corner.y + b.height) - std::max(a.corner.y, b.corner.y);
  return std::max(0.0, across) * std::max(0.0, down);
}

// To the right of the point, to the left, above, below and in between, ever farther away.
std::vector<Box> places_around(const PointLabel& label) {
  constexpr std::array<double, 7> distances{8, 14, 24, 38, 56, 80, 110};
  constexpr std::array<int, 12> twelfths{0, 6, 9, 3, 11, 1, 7, 5, 10, 8, 2, 4};  // of a turn
  std::vector<Box> out;
  for (const double away : distances)
    for (const int twelfth : twelfths) {
      const double angle = twelfth * std::numbers::pi / 6;
      const double x = std::cos(angle), y = std::sin(angle);
      const Point middle{label.point.x + x * (away + label.width / 2),
                         label.point.y + y * (away + label.height / 2)};
      out.push_back(
          {{middle.x - label.width / 2, middle.y - label.height / 2}, label.width, label.height});
    }
  return out;
}

}  // namespace

std::vector<Point> place_labels(const std::vector<PointLabel>& labels, Point top_left,
                                Point bottom_right) {
  constexpr double radius = 7;  // that a point keeps free
  const Box all{top_left, bottom_right.x - top_left.x, bottom_right.y - top_left.y};
  std::vector<Box> taken;
  for (const PointLabel& l : labels)
    taken.push_back({{l.point.x - radius, l.point.y - radius}, 2 * radius, 2 * radius});
  std::vector<Point> out;
  for (const PointLabel& l : labels) {
    Box best;
    double least = std::numeric_limits<double>::infinity();
    for (const Box& place : places_around(l)) {
      double covered = 4 * (place.width * place.height - shared_area(place, all));
      for (const Box& t : taken) covered += shared_area(place, t);
      if (covered >= least - 1e-6) continue;
      best = place;
      least = covered;
    }
    taken.push_back(best);
    out.push_back(best.corner);
  }
  return out;
}

}  // namespace viz
