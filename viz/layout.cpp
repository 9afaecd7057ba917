#include "viz/layout.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace viz {

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

double distance_to_segment(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
  const double share =
      length2 > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length2, 0.0, 1.0) : 0;
  return distance(p, {a.x + share * dx, a.y + share * dy});
}

namespace {

struct Box {
  Point low{std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
  Point high{std::numeric_limits<double>::lowest(), std::numeric_limits<double>::lowest()};
};

Box box_of(const std::vector<Point>& points) {
  Box out;
  for (const Point& p : points) {
    out.low = {std::min(out.low.x, p.x), std::min(out.low.y, p.y)};
    out.high = {std::max(out.high.x, p.x), std::max(out.high.y, p.y)};
  }
  return out;
}

bool spread_out(const twin::RunDescription& run) {
  std::set<std::pair<double, double>> places;
  for (const auto& bus : run.buses) places.emplace(bus.x_m, bus.y_m);
  return places.size() > 1 && places.size() * 2 >= run.buses.size();
}

bool without_coordinates(const twin::BusRow& bus) { return bus.x_m == 0 && bus.y_m == 0; }

// Formats that may leave a bus without coordinates leave it at the origin. Where the origin lies
// far from all others, such a bus is put just above a neighbour that has its own.
void bring_strays_home(const twin::RunDescription& run, std::vector<Point>& at) {
  std::vector<bool> stray;
  std::vector<Point> others;
  for (const auto& bus : run.buses) {
    stray.push_back(without_coordinates(bus));
    if (!stray.back()) others.push_back({bus.x_m, bus.y_m});
  }
  const Box box = box_of(others);
  const double size = std::max(box.high.x - box.low.x, box.high.y - box.low.y);
  const Point centre{(box.low.x + box.high.x) / 2, (box.low.y + box.high.y) / 2};
  if (others.empty() || distance(centre, {0, 0}) < 2 * size) return;
  bool moved = true;
  const auto follow = [&](std::uint32_t bus, std::uint32_t neighbour) {
    if (!stray[bus] || stray[neighbour]) return;
    at[bus] = {at[neighbour].x, at[neighbour].y + 0.05 * size};
    stray[bus] = false;
    moved = true;
  };
  while (std::exchange(moved, false)) {
    for (const auto& branch : run.branches) {
      follow(branch.from_bus, branch.to_bus);
      follow(branch.to_bus, branch.from_bus);
    }
  }
  for (std::size_t bus = 0; bus < at.size(); ++bus)
    if (stray[bus]) at[bus] = box.low;
}

using Neighbours = std::vector<std::vector<std::uint32_t>>;

Neighbours neighbours_of(const twin::RunDescription& run) {
  Neighbours out(run.buses.size());
  for (const auto& branch : run.branches) {
    out[branch.from_bus].push_back(branch.to_bus);
    out[branch.to_bus].push_back(branch.from_bus);
  }
  return out;
}

// Depth first from a root, without recursion: x is the depth, leaves take one row after another
// and every parent the mean of its children's rows.
class TreeLayout {
 public:
  explicit TreeLayout(const twin::RunDescription& run)
      : neighbours_(neighbours_of(run)), seen_(run.buses.size()), out_(run.buses.size()) {}

  void place(std::uint32_t root) {
    if (seen_[root]) return;
    std::vector<Visit> stack;
    enter(stack, root, 0);
    while (!stack.empty()) {
      Visit& top = stack.back();
      if (const auto child = next_child(top)) {
        enter(stack, *child, top.depth + 1);
      } else {
        leave(stack);
      }
    }
  }
  std::vector<Point> result() { return std::move(out_); }

 private:
  struct Visit {
    std::uint32_t bus;
    double depth;
    std::size_t next = 0;
    std::size_t children = 0;
    double rows = 0;  // sum over children
  };

  void enter(std::vector<Visit>& stack, std::uint32_t bus, double depth) {
    seen_[bus] = true;
    stack.push_back({bus, depth});
  }
  std::optional<std::uint32_t> next_child(Visit& visit) {
    const auto& all = neighbours_[visit.bus];
    while (visit.next < all.size()) {
      const std::uint32_t bus = all[visit.next++];
      if (!seen_[bus]) return bus;
    }
    return std::nullopt;
  }
  void leave(std::vector<Visit>& stack) {
    const Visit done = stack.back();
    stack.pop_back();
    const double row = done.children ? done.rows / static_cast<double>(done.children) : next_row_++;
    out_[done.bus] = {done.depth, -row};
    if (stack.empty()) return;
    stack.back().rows += row;
    ++stack.back().children;
  }

  Neighbours neighbours_;
  std::vector<bool> seen_;
  std::vector<Point> out_;
  double next_row_ = 0;
};

}  // namespace

std::vector<Point> bus_positions(const twin::RunDescription& run) {
  if (spread_out(run)) {
    std::vector<Point> out;
    for (const auto& bus : run.buses) out.push_back({bus.x_m, bus.y_m});
    bring_strays_home(run, out);
    return out;
  }
  TreeLayout tree(run);
  for (const auto& branch : run.branches)
    if (branch.kind == twin::BranchKind::transformer) tree.place(branch.from_bus);
  for (std::uint32_t bus = 0; bus < run.buses.size(); ++bus) tree.place(bus);
  return tree.result();
}

Fit::Fit(const std::vector<Point>& points, Point top_left, Point bottom_right) {
  const Box box = points.empty() ? Box{{0, 0}, {0, 0}} : box_of(points);
  centre_ = {(box.low.x + box.high.x) / 2, (box.low.y + box.high.y) / 2};
  middle_ = {(top_left.x + bottom_right.x) / 2, (top_left.y + bottom_right.y) / 2};
  const double width = std::max(box.high.x - box.low.x, 1e-9);
  const double height = std::max(box.high.y - box.low.y, 1e-9);
  scale_ = std::min((bottom_right.x - top_left.x) / width, (bottom_right.y - top_left.y) / height);
}

Point Fit::operator()(Point p) const {
  return {middle_.x + (p.x - centre_.x) * scale_, middle_.y - (p.y - centre_.y) * scale_};
}

}  // namespace viz
