// Conductors in the air: the published impedances of the IEEE 4 node feeder's line, and what must
// hold of any.

#include <cmath>
#include <doctest/doctest.h>

#include "twin/grid/model/line_constants.hpp"

using namespace twin;

namespace {

constexpr double foot = 0.3048, mile = 1609.344;

// 336,400 26/7 ACSR with a 4/0 6/1 ACSR neutral.
std::vector<Conductor> ieee4_line() {
  const double phase_r = 0.306 / mile, neutral_r = 0.592 / mile, inch = 0.0254;
  const auto at = [&](double x, double y, double r, double gmr_ft, double diameter_in) {
    return Conductor{x * foot, y * foot, r, r / 1.02, gmr_ft * foot, diameter_in / 2 * inch};
  };
  return {at(-4, 28, phase_r, 0.0244, 0.721), at(-1.5, 28, phase_r, 0.0244, 0.721),
          at(3, 28, phase_r, 0.0244, 0.721), at(0, 24, neutral_r, 0.00814, 0.563)};
}

}  // namespace

TEST_CASE("Carson's line constants are those of the IEEE 4 node feeder") {
  const auto found = line_constants(ieee4_line(), 3, 60, 100, EarthModel::carson);
  REQUIRE(found.has_value());
  // IEEE 4 Node Test Feeder (2006), 4-wire configuration, ohm per mile.
  const Complex published[3][3] = {{{0.4576, 1.0780}, {0.1559, 0.5017}, {0.1535, 0.3849}},
                                   {{0.1559, 0.5017}, {0.4666, 1.0482}, {0.1580, 0.4236}},
                                   {{0.1535, 0.3849}, {0.1580, 0.4236}, {0.4615, 1.0651}}};
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q)
      CHECK(std::abs(found->z[p][q] * mile - published[p][q]) < 3e-4);
}

TEST_CASE("both earth models agree at power frequency; capacitance is symmetrical and positive") {
  const auto carson = line_constants(ieee4_line(), 3, 60, 100, EarthModel::carson);
  const auto deri = line_constants(ieee4_line(), 3, 60, 100, EarthModel::deri);
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t q = 0; q < 3; ++q) {
      CHECK(std::abs(carson->z[p][q] - deri->z[p][q]) < 0.02 * std::abs(carson->z[p][p]));
      CHECK(carson->y[p][q] == deri->y[p][q]);
      CHECK(std::abs(carson->y[p][q] - carson->y[q][p]) < 1e-18);
      CHECK((p == q ? carson->y[p][q].imag() > 0 : carson->y[p][q].imag() < 0));
    }
  // About 10 nF a km to ground and to the others together, for any open line.
  const double per_km = carson->y[0][0].imag() / (2 * 3.14159265 * 60) * 1e12;
  CHECK(per_km > 7);
  CHECK(per_km < 12);
}

TEST_CASE("conductors that meet have no impedance") {
  auto wires = ieee4_line();
  wires[1] = wires[0];
  CHECK_FALSE(line_constants(wires, 3, 60, 100, EarthModel::deri).has_value());
  wires = ieee4_line();
  wires[0].gmr_m = 0;
  CHECK_FALSE(line_constants(wires, 3, 60, 100, EarthModel::carson).has_value());
}
