#include "viz/palette.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace viz {
namespace {

constexpr Colour low_voltage{0x1f, 0x78, 0xe6}, nominal_voltage{0xb4, 0xb8, 0xbd},
    high_voltage{0xe6, 0x6a, 0x1f};
constexpr Colour idle{0x5f, 0x76, 0x94}, half{0x56, 0xb4, 0xe9}, near_rating{0xf0, 0xc8, 0x28},
    overloaded{0xe0, 0x2f, 0x8e};

Colour mix(Colour a, Colour b, double share) {
  const auto channel = [share](std::uint8_t from, std::uint8_t to) {
    return static_cast<std::uint8_t>(std::lround(from + share * (to - from)));
  };
  return {channel(a.r, b.r), channel(a.g, b.g), channel(a.b, b.b)};
}

}  // namespace

std::string css(Colour colour) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out = "#";
  for (const std::uint8_t channel : {colour.r, colour.g, colour.b}) {
    out += digits[channel >> 4];
    out += digits[channel & 15];
  }
  return out;
}

Colour voltage_colour(double v_pu, double extent) {
  const double share = std::clamp((v_pu - 1.0) / extent, -1.0, 1.0);
  return mix(nominal_voltage, share < 0 ? low_voltage : high_voltage, std::abs(share));
}

double voltage_extent(double largest_deviation) {
  for (const double extent : {0.02, 0.05})
    if (largest_deviation <= extent) return extent;
  return 0.10;
}

Colour loading_colour(double loading) {
  if (loading >= 1.0) return overloaded;
  if (loading < 0.5) return mix(idle, half, std::max(0.0, loading) / 0.5);
  return mix(half, near_rating, (loading - 0.5) / 0.5);
}

}  // namespace viz
