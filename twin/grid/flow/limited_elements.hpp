#pragma once
// What of a feeder can be beyond its limit, and what power at connections makes of it in linear
// rows, from the sensitivities at a base point:
//
//   a p <= room     p: W more, by the sensitivities' columns
//
// An element is a phase of a branch with a rating, or the voltage over a leg of a connection, from
// above or from below. A voltage has one row. A current has 32, one for each direction in the
// complex plane: the polygon of their limits lies inside the circle of the rating, 0.5 % at most
// from it. All values are A or per unit, and grow as they come nearer to their limit.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "twin/grid/flow/grid_figures.hpp"
#include "twin/grid/flow/sensitivities.hpp"

namespace twin {

// By how much of a rating directions lie inside of its circle, at most.
inline constexpr double inside_circle = 0.0049;

struct LimitedElement {
  enum class Kind : std::uint8_t { current, high_voltage, low_voltage };
  Kind kind = Kind::current;
  std::uint32_t place = 0;  // of a watched branch, or a connection
  unsigned phase = 0;       // or leg
  double limit = 0;         // A; per unit, of a low voltage its negative
};

// Dead legs are left out.
std::vector<LimitedElement> limited_elements(const Network& network, const Sensitivities& s,
                                             const GridLimits& limits);

// Of the element, at a power flow of the same network.
double value_of(const LimitedElement& e, const Network& network, const Sensitivities& s,
                const PowerFlowResult& at);

// The element's rows with `taken` less room than its limit leaves. Left out are those that no p
// with -least[c] <= p[c] <= most[c] fills (least, most >= 0).
void each_row(const LimitedElement& e, const Network& network, const Sensitivities& s, double taken,
              std::span<const double> least, std::span<const double> most,
              const std::function<void(std::span<const double> a, double room)>& row);

}  // namespace twin
