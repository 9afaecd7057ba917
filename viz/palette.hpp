#pragma once
// Colours that carry a meaning, the same in the report and in the window. Hues are told apart
// under the common colour deficiencies: blue against orange, never red against green.

#include <cstdint>
#include <string>

namespace viz {

struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
  auto operator<=>(const Colour&) const = default;
};

std::string css(Colour colour);  // "#rrggbb"

// Diverging about 1.0 pu: blue below, grey at nominal, orange above; saturated from 1 - extent and
// 1 + extent on. extent > 0.
Colour voltage_colour(double v_pu, double extent);

// The smallest of 0.02, 0.05 and 0.10 that covers a deviation; 0.10 for a larger one.
double voltage_extent(double largest_deviation);

// Sequential: dim when idle, yellow near the rating, magenta above it.
Colour loading_colour(double loading);

}  // namespace viz
