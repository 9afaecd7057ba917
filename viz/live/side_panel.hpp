#pragma once
// The window's right edge: clock, figures of the moment, small curves of the last hours, alerts.

#include "viz/live/screen.hpp"
#include "viz/live/snapshot_source.hpp"
#include "viz/live/trends.hpp"

namespace viz {

// Draws into the box whose upper left corner is (x, y), in dots.
void draw_side_panel(const twin::RunDescription& run, const twin::Snapshot& snapshot,
                     const Trends& trends, const Fonts& fonts, float scale, float x, float y,
                     float width, float height);

}  // namespace viz
