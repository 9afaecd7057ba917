#pragma once
// The live window: feeder on the left, figures on the right, time below.

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "viz/live/feeder_canvas.hpp"
#include "viz/live/playback.hpp"
#include "viz/live/screen.hpp"
#include "viz/live/snapshot_source.hpp"
#include "viz/live/trends.hpp"

namespace viz {

// Draws one frame; keeps what the user moved. `run` must outlive it.
class LiveView {
 public:
  explicit LiveView(const twin::RunDescription& run) : run_(run), canvas_(run) {}
  // Between begin() and end() of a screen. The user's wishes go to `playback`.
  void frame(const Screen& screen, const twin::Snapshot& snapshot, const Trends& trends,
             const Extent& extent, Playback& playback);

 private:
  void draw_time_bar(const Screen& screen, const twin::Snapshot& snapshot, const Extent& extent,
                     Playback& playback, float y, float width, float height);

  const twin::RunDescription& run_;
  FeederCanvas canvas_;
};

// Shows a source until the window is closed. The message is for the user: no display, or what the
// source said.
tl::expected<void, std::string> show(SnapshotSource& source, double speed,
                                     std::optional<ledger::Instant> start);

// The window at a moment as a PNG of 1280 by 800 times `scale` dots, without opening it.
tl::expected<void, std::string> save_screenshot(SnapshotSource& source, ledger::Instant time,
                                                const std::string& path, float scale = 1);

}  // namespace viz
