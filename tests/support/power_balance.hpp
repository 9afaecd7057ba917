#pragma once
// Whether a solver's voltages are a solution, judged from the elements alone.

#include <cstdint>
#include <span>
#include <vector>

#include "twin/grid/model/network.hpp"

namespace test {

// Power that a leg draws at voltage v over it, by its model and limits.
twin::Complex power_at(const twin::Connection& c, twin::Complex draw_va, double nominal_v,
                       twin::Complex v);

// What the connections draw from each bus's phases, A. Legs that touch a dead phase draw nothing.
std::vector<twin::Phases> drawn_a(const twin::Network& network,
                                  std::span<const twin::Phases> draw_va,
                                  std::span<const twin::Phases> voltage_v,
                                  std::span<const twin::PhaseMask> live);

struct Balance {
  double worst = 0;
  std::uint32_t bus = 0;
};

// At every live phase, the power that is left over when all branches, shunts, sources and loads
// have taken theirs, per unit of the power that passes there: half the sum of the sizes of those
// elements' powers, at least 100 VA. A generator's reactive power, and all power of an ideal
// source, are what is missing, so that nothing is left over. Three-phase.
Balance power_balance(const twin::Network& network, std::span<const twin::Phases> draw_va,
                      std::span<const twin::Phases> voltage_v);

// Voltages by the fixed point V = V0 - Z I(V) with the dense inverse Z of the nodal admittance, to
// 1e-12 pu or 500 passes: slow, and independent of the solvers. No generators.
std::vector<twin::Phases> dense_power_flow(const twin::Network& network,
                                           std::span<const twin::Phases> draw_va);

}  // namespace test
