#pragma once
// The size that all plots of the report share, and the parts that they are put together from.

#include <string>
#include <string_view>
#include <vector>

#include "viz/report/plots.hpp"
#include "viz/report/svg.hpp"

namespace viz {

constexpr double canvas_width = 1120, canvas_left = 68, canvas_right = 1096, canvas_top = 32;

struct Range {
  double low = 0, high = 1;
};

// The smallest range that holds the given one and ends at round values.
Range rounded(Range range, int wanted = 5);

// From the first to the last moment that a figure shows.
struct Period {
  ledger::Instant from, to;
};
Period period_of(const ReportData& data);

// A plot's frame across the canvas between two heights.
Frame frame_between(const Period& period, double top, double bottom, Range range);

Figure without_data(Figure figure, std::string_view why);

std::string percent_text(double share, int decimals = 0);  // "63 %"

}  // namespace viz
