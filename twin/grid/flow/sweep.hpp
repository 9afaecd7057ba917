#pragma once
// Unbalanced three-phase power flow of radial and weakly meshed networks by the backward-forward
// sweep (Shirmohammadi, Hong, Semlyen and Luo, IEEE Trans. Power Systems 3(2), 1988), one case warm
// or many side by side.
//
//   I    = conj(S(u) / V)            current drawn by each leg; shunts draw Y V
//   J_n  = I_n + sum J_below         backward, leaves to root, by the node's own voltage
//   V_n  = V_parent - Z_n J_n        forward, root to leaves; the root: V = E - Z_source J
// and through a transformer V_n = A V_parent - B J_n, J_parent += C V_parent + D J_n, with
// A = -Y_cc^-1 Y_cp, B = Y_cc^-1, C = Y_pp + Y_pc A, D = -Y_pc Y_cc^-1 of its two-port (p: the
// parent's end, c: the child's). A line from a to b that closes a loop carries a current of its
// own, corrected by the loops' impedance matrix M: I += M^-1 (V_a - V_b - Z I). Repeated until no
// phase voltage moves more than `tolerance_pu` of its bus's nominal voltage and no loop's gap is
// wider.
//
// The single-phase equivalent takes the positive sequence of every matrix and the mean leg.
// Not converging is a value: `worst_bus` is what moved most in one more pass. Results are the same
// for any number of lanes, threads or instruction set: a lane that is done stays as it is.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/workers.hpp"
#include "twin/grid/flow/sweep_kernel.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/grid/model/topology.hpp"

namespace twin {

struct SweepPlan;

struct SweepOptions {
  double tolerance_pu = 1e-8;
  int max_iterations = 100;
  int phases = 3;  // or 1: the single-phase equivalent of balanced cases
  Simd simd = best_simd();
};

struct SweepOutcome {
  bool converged = false;
  int iterations = 0;
  double mismatch_pu = 0;  // the last pass's largest step
  std::uint32_t worst_bus = 0;
};

// Solved cases, side by side. Valid while it is handed out.
class SweepBlock {
 public:
  std::size_t first = 0, count = 0;  // cases, as numbered by the caller
  std::span<const SweepOutcome> outcomes;

  // Phase to ground, V; 0 where dead. `lane` is the case's place in this block.
  Complex voltage_v(std::uint32_t bus, unsigned phase, std::size_t lane) const;
  // Series current from a line's `from` to its `to` end, A. Transformers and parallel lines have
  // none: theirs follows from their two-port and voltages.
  bool has_current(std::uint32_t branch) const;
  Complex current_a(std::uint32_t branch, unsigned phase, std::size_t lane) const;
  // What the first source delivers into its bus, A.
  Complex source_a(unsigned phase, std::size_t lane) const;

 private:
  friend class Sweep;
  Complex at(const double* state, std::size_t row, unsigned phase, std::size_t lane) const;
  const SweepPlan* plan_ = nullptr;
  const std::vector<PhaseMask>* live_ = nullptr;
  SweepArrays arrays_;
};

class Sweep {
 public:
  // Why this network cannot be swept (see sweep_plan.hpp), or empty. It passed check_network.
  static std::string unsupported(const Network& network, const Topology& topology);

  Sweep(const Network& network, const Topology& topology, SweepOptions options = {});
  ~Sweep();
  Sweep(Sweep&&) noexcept;

  // One case, from the last converged voltages (at first from the no-load ones). `draw_va`: power
  // by connection and leg, consumption positive. The block has one lane and is valid until the next
  // call; where it has not converged the next call starts from the last good voltages again.
  const SweepBlock& solve(std::span<const Phases> draw_va);

  // Cases in order, `draw_va` holding all connections of one after the other. Each starts from the
  // solution of the first case (or no-load where that has none). `sink` gets every block once, from
  // whichever thread solved it. Memory: rows x 8 lanes for each of up to four slices a thread,
  // kept.
  void solve_batch(std::span<const Phases> draw_va, const ledger::Workers& workers,
                   const std::function<void(const SweepBlock&)>& sink);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace twin
