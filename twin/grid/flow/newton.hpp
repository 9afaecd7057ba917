#pragma once
// Unbalanced power flow of any network by Newton's method on the current equations of
// current_equations.hpp: meshes, several sources, generators that hold a voltage, every winding.
//
//   J(x) dx = r(x),   x <- x + a dx,   a = 1, 1/2, 1/4 ... until |r|^2 falls (Armijo)
//
// The linear system is solved by blocks of a bus (block_matrix.hpp), with pivoting across buses
// where that is not exact enough. A factorisation serves on while steps are below 1e-3 pu and each
// is a tenth of the one before. It starts from the voltages that converged last, then from those of
// the network without load; where both fail, it raises load and generation from nothing in steps.
//
// Converged means: no voltage moved more than `tolerance_pu` of its bus's nominal voltage in the
// last, whole step, and at every phase the currents that are left over, times nominal voltage, are
// below `tolerance_pu` of the power that all connections and generators are given together (at
// least 1 kVA) or below what rounding makes of the sum. As steps shrink at least tenfold, voltages
// are then within a tenth of the tolerance. Where every phase is at rounding, nothing can move
// further and it has converged whatever the step: a winding without a path to ground but its
// antifloat share, of 1e-9, has its voltage to ground to about 1e-7 pu, its line voltages like all
// others.
//
// Not converging is a value: the state that came nearest, with its worst bus.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "twin/grid/model/network.hpp"

namespace twin {

struct NewtonOptions {
  double tolerance_pu = 1e-8;
  int max_iterations = 30;  // of each start
  int phases = 3;           // or 1: the positive sequence for all three
};

struct NewtonResult {
  bool converged = false;
  int iterations = 0;  // of all starts together
  std::uint32_t worst_bus = 0;
  double worst_mismatch_pu = 0;   // there; infinite where the state is no number
  std::vector<Phases> voltage_v;  // by bus, phase to ground; 0 where dead
};

class Newton {
 public:
  // The network must pass `check`.
  explicit Newton(const Network& network, NewtonOptions options = {});
  ~Newton();
  Newton(Newton&&) noexcept;

  // One message for the first thing wrong: what check_network says, sources or generators that
  // contradict each other at a bus, an impedance that cannot be inverted. Empty where all is well.
  static std::string check(const Network& network);

  // `draw_va`: by connection and leg, consumption positive. The result stays valid until the next
  // call.
  const NewtonResult& solve(std::span<const Phases> draw_va);

  // From the next `solve` on; `to_tap` above zero.
  void set_to_tap(std::size_t transformer, double to_tap);

 private:
  struct Engine;
  template <std::size_t P>
  class Solver;
  std::unique_ptr<Engine> engine_;
};

}  // namespace twin
