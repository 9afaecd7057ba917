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

// From a label to the point that it names.
struct Leader {
  Point from, to;
};

Leader leader_of(const PointLabel& label, const Box& place) {
  return {{std::clamp(label.point.x, place.corner.x, place.corner.x + place.width),
           std::clamp(label.point.y, place.corner.y, place.corner.y + place.height)},
          label.point};
}

// How much of a leader runs across a box or close by it, in steps of a 32nd of it.
double length_across(const Leader& l, const Box& box) {
  constexpr int steps = 32;
  constexpr double close = 2;
  int inside = 0;
  for (int i = 1; i < steps; ++i) {
    const double x = l.from.x + (l.to.x - l.from.x) * i / steps - box.corner.x;
    const double y = l.from.y + (l.to.y - l.from.y) * i / steps - box.corner.y;
    inside += x >= -close && x <= box.width + close && y >= -close && y <= box.height + close;
  }
  return distance(l.from, l.to) * inside / steps;
}

// Every label where it covers least of what was placed before it, in one order.
class Placing {
 public:
  Placing(const std::vector<PointLabel>& labels, const Box& all)
      : labels_(labels), all_(all), names_(labels.size()), is_placed_(labels.size(), false) {
    for (const PointLabel& l : labels)
      points_.push_back({{l.point.x - radius, l.point.y - radius}, 2 * radius, 2 * radius});
  }

  // Also of one that stands somewhere already.
  void place(std::size_t label) {
    is_placed_[label] = false;
    double least = std::numeric_limits<double>::infinity();
    for (const Box& place : places_around(labels_[label])) {
      const double covers = covered_by(labels_[label], place);
      if (covers >= least - 1e-6) continue;
      names_[label] = place;
      least = covers;
    }
    is_placed_[label] = true;
  }

  // Of all labels, each against all others.
  double covered() {
    double out = 0;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      is_placed_[i] = false;
      out += covered_by(labels_[i], names_[i]);
      is_placed_[i] = true;
    }
    return out;
  }
  std::vector<Point> corners() const {
    std::vector<Point> out;
    for (const Box& name : names_) out.push_back(name.corner);
    return out;
  }

 private:
  static constexpr double radius = 7;   // that a point keeps free
  static constexpr double as_wide = 8;  // a leader weighs like a stroke of so many pixels

  double covered_by(const PointLabel& label, const Box& place) const {
    double out = 4 * (place.width * place.height - shared_area(place, all_));
    for (const Box& p : points_) out += shared_area(place, p);
    for (std::size_t other = 0; other < labels_.size(); ++other) {
      if (!is_placed_[other]) continue;
      out += shared_area(place, names_[other]);
      out += as_wide * length_across(leader_of(label, place), names_[other]);
      out += as_wide * length_across(leader_of(labels_[other], names_[other]), place);
    }
    return out;
  }

  const std::vector<PointLabel>& labels_;
  Box all_;
  std::vector<Box> points_, names_;
  std::vector<bool> is_placed_;
};

}  // namespace

std::vector<Point> place_labels(const std::vector<PointLabel>& labels, Point top_left,
                                Point bottom_right) {
  constexpr std::size_t rounds = 3;  // later ones with all others in place
  const Box all{top_left, bottom_right.x - top_left.x, bottom_right.y - top_left.y};
  std::vector<Point> out;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t turn = 0; turn < 2 * labels.size(); ++turn) {
    Placing placing(labels, all);
    for (std::size_t i = 0; i < rounds * labels.size(); ++i) {
      const std::size_t next = (i + turn) % labels.size();
      placing.place(turn < labels.size() ? next : labels.size() - 1 - next);
    }
    const double covered = placing.covered();
    if (covered >= least - 1e-6) continue;
    least = covered;
    out = placing.corners();
  }
  return out;
}

}  // namespace viz
