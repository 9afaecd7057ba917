#pragma once
// Unbalanced three-phase power flow of a radial network by the backward-forward sweep
// (Shirmohammadi et al., IEEE Trans. Power Systems 3(2), 1988).
//
//   S_i  given: power drawn by connection i on each phase (consumption positive), VA
//   I    = conj(S / V)             current drawn at each bus, by phase
//   J_b  = I_child + sum J_below   backward: branch currents, leaves to root
//   V_to = V_from - Z_b J_b        forward: bus voltages, root to leaves
// until no phase voltage moves more than `tolerance_pu` of its nominal value. Shunts count as
// currents. Transformers map currents and voltages by their winding connection: with M the matrix
// of the vector group (rows: `to` phases) and n the turns ratio, tap included,
//   V_to = M V_from / n - Z_t I_to,   I_from = M^T I_to / n
// for delta / grounded wye (odd clock hours) and grounded wye / grounded wye (hours 0 and 6).
// Unloaded buses of degree two are merged into one series impedance and recovered at the end.
// Source power is measured at the source's bus, after its internal impedance.
// Not converging is a value, never an exception.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "twin/grid/network.hpp"

namespace twin {

struct PowerFlowOptions {
  double tolerance_pu = 1e-8;
  int max_iterations = 50;
};

struct PowerFlowResult {
  bool converged = false;
  int iterations = 0;
  std::uint32_t worst_bus = 0;  // the bus that moved most in the last iteration
  double worst_mismatch_pu = 0;
  std::vector<Phases> voltage_v;  // by bus, phase to ground
  // By branch: lines in their order, then transformers.
  std::vector<Phases> current_a;  // at the `from` end
  std::vector<double> loading;    // 1 is the rating; 0 where there is none
  std::vector<double> losses_w;   // taken up in the branch itself, from its own currents
  Complex source_va;              // delivered by the source, sum of phases (import positive)
  std::vector<Phases> drawn_va;   // by connection, at the solved voltages
  Complex load_va;                // drawn by all connections at the solved voltages
};

class PowerFlow {
 public:
  // The network must be a tree below its source's bus: see `check` for what else must hold.
  explicit PowerFlow(const Network& network, PowerFlowOptions options = {});
  ~PowerFlow();
  PowerFlow(PowerFlow&&) noexcept;

  // One message for the first thing wrong (unknown bus, loop, island, rating below zero), or empty.
  static std::string check(const Network& network);

  // `draw_va`: one entry a connection. Starts from the last converged voltages. The result stays
  // valid until the next call.
  const PowerFlowResult& solve(std::span<const Phases> draw_va);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace twin
