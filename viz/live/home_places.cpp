#include "viz/live/home_places.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace viz {
namespace {

constexpr double box_width = 850, box_height = 520;
constexpr std::size_t most_comparisons = 500'000;
constexpr int directions = 12;
constexpr double room_between_homes = 1.7, room_to_lines = 1.25, room_to_transformers = 2.4,
                 far_costs = 0.1;

double overlap(double distance, double room) {
  const double missing = std::max(0.0, room - distance);
  return missing * missing;
}

class Placing {
 public:
  Placing(const twin::RunDescription& run, std::vector<Point> bus_at)
      : branches_(run.branches), bus_(std::move(bus_at)) {
    const Fit fit(bus_, {0, 0}, {box_width, box_height});
    const double unit = house_size(run.homes.size(), box_width * box_height);
    for (Point& p : bus_) {
      p = fit(p);
      p = {p.x / unit, p.y / unit};  // from here on all in house sizes
    }
  }

  Point place(std::uint32_t bus, std::size_t rank) {
    Point best{0, 1.35};
    double least = INFINITY;
    for (const double radius : {1.35, 2.2, 3.1}) {
      for (int k = 0; k < directions; ++k) {
        // Where both sides are free, neighbours take different ones.
        const double half_turns = 2.0 * k / directions + static_cast<double>(rank % 2);
        const double angle = std::numbers::pi * half_turns;
        const Point shift{radius * std::sin(angle), radius * std::cos(angle)};
        const double cost = cost_of(bus, shift) + far_costs * (radius - 1.35);
        if (cost >= least) continue;
        least = cost;
        best = shift;
      }
    }
    placed_.push_back({bus_[bus].x + best.x, bus_[bus].y + best.y});
    return best;
  }

 private:
  double cost_of(std::uint32_t bus, Point shift) const {
    const Point at{bus_[bus].x + shift.x, bus_[bus].y + shift.y};
    double out = 0;
    for (const Point& home : placed_) out += overlap(distance(home, at), room_between_homes);
    for (const auto& branch : branches_) {
      out += overlap(distance_to_segment(at, bus_[branch.from_bus], bus_[branch.to_bus]),
                     room_to_lines);
      if (branch.kind == twin::BranchKind::transformer)
        out += overlap(distance(bus_[branch.to_bus], at), room_to_transformers);
    }
    return out;
  }

  const std::vector<twin::BranchRow>& branches_;
  std::vector<Point> bus_, placed_;
};

}  // namespace

double house_size(std::size_t homes, double box_area) {
  const double share = box_area / static_cast<double>(std::max<std::size_t>(1, homes));
  return std::clamp(0.18 * std::sqrt(share), 5.0, 26.0);
}

std::vector<Point> home_shifts(const twin::RunDescription& run, const std::vector<Point>& bus_at) {
  const std::size_t comparisons = run.homes.size() * (run.homes.size() + run.branches.size());
  std::vector<Point> out;
  Placing placing(run, bus_at);
  for (std::size_t i = 0; i < run.homes.size(); ++i)
    out.push_back(comparisons > most_comparisons ? Point{0, i % 2 ? 1.35 : -1.35}
                                                 : placing.place(run.homes[i].bus, i));
  return out;
}

}  // namespace viz
