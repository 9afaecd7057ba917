#pragma once
// The feeder as a drawing: lines by loading, buses and homes by voltage, what is under the mouse in
// words. The place of everything follows from the run's description alone.

#include <string>
#include <vector>

#include "viz/layout.hpp"
#include "viz/live/screen.hpp"
#include "viz/live/snapshot_source.hpp"

struct ImDrawList;
struct ImVec2;

namespace viz {

class FeederCanvas {
 public:
  explicit FeederCanvas(const twin::RunDescription& run);

  // Draws into the box, and moves or zooms with the mouse in it.
  void draw(const twin::Snapshot& snapshot, Point top_left, Point bottom_right, const Fonts& fonts,
            float scale);

 private:
  struct Pose {  // of one frame
    const twin::Snapshot& snapshot;
    ImDrawList& list;
    const Fonts& fonts;
    float scale;
    std::vector<Point> bus, home;
    double house_size = 8;
  };

  void follow_mouse(Point top_left, Point bottom_right);
  Pose pose_of(const twin::Snapshot& snapshot, Point top_left, Point bottom_right,
               const Fonts& fonts, float scale) const;
  void draw_branches(const Pose& pose) const;
  void draw_buses(const Pose& pose) const;
  void draw_house(const Pose& pose, std::size_t home) const;
  void draw_legend(const Pose& pose, Point bottom_left) const;
  void draw_words(const Pose& pose, Point mouse) const;
  bool outside_limits(double v_pu) const;

  const twin::RunDescription& run_;
  std::vector<Point> bus_at_;
  std::vector<Point> home_shift_;  // in house sizes, y downwards
  double extent_ = 0.02;           // of the voltage scale; grows with what was shown
  double zoom_ = 1;
  Point moved_;
};

}  // namespace viz
