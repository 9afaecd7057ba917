#pragma once
// The power flow of any network that grid files describe: chooses a solver, and turns voltages into
// currents, loadings, losses and powers. Radial and weakly meshed networks are swept (sweep.hpp);
// what cannot be swept, or does not converge there, is Newton's (newton.hpp).
//
// Power of a branch's terminals is V conj(I), current into the branch; its losses are what goes in
// at both ends and does not come out, taken from its own series current: Re(dV conj(I)) of a line,
// the real part of both terminals' power of a transformer. Not converging is a value, never an
// exception: the result then keeps the last good picture.
//
// Voltage regulators (tap_control.hpp) move between solutions until all rest, and stand there when
// the next call begins. Regulators that never come to rest are not converged; `restless` is then
// one of them.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twin/grid/model/network.hpp"

namespace twin {

struct PowerFlowOptions {
  double tolerance_pu = 1e-8;
  int max_iterations = 100;  // of the sweep
  int phases = 3;            // 1: the single-phase equivalent of a balanced network
};

struct PowerFlowResult {
  bool converged = false;
  int iterations = 0;
  std::uint32_t worst_bus = 0;  // the bus that moved most at last
  double worst_mismatch_pu = 0;
  std::vector<Phases> voltage_v;  // by bus, phase to ground; 0 where dead
  // By branch: lines in their order, then transformers.
  std::vector<Phases> current_a;     // into the branch at its `from` end
  std::vector<Phases> to_current_a;  // into it at its `to` end
  std::vector<double> loading;       // 1 is the rating, of the worst phase; 0 where there is none
  std::vector<double> losses_w;
  Complex source_va;             // delivered by all sources, sum of phases (import positive)
  Complex generator_va;          // delivered by generators that hold a voltage
  Complex shunt_va;              // drawn by shunts
  std::vector<Phases> drawn_va;  // by connection and leg, at the solved voltages
  Complex load_va;               // drawn by all connections at the solved voltages
  std::vector<double> tap;       // by tap control: its transformer's `to_tap`
  std::optional<std::uint32_t> restless;  // a tap control that never came to rest
};

// What a connection's leg takes of `va` where its voltage is u times its nominal one.
Complex answered_va(const LoadModel& model, Complex va, double u);

// What `loading` is counted from, A in a conductor: a line's rating, a transformer's at its `to`
// end when all coils carry their rated one; 0 where there is none.
double rated_current_a(const Network& network, std::uint32_t branch);

class PowerFlow {
 public:
  explicit PowerFlow(Network network, PowerFlowOptions options = {});
  ~PowerFlow();
  PowerFlow(PowerFlow&&) noexcept;

  // One message for the first thing wrong (see check_network and Newton::check), or empty.
  static std::string check(const Network& network);

  // `draw_va`: power by connection and leg. Starts from the last converged voltages. The result
  // stays valid until the next call.
  const PowerFlowResult& solve(std::span<const Phases> draw_va);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace twin
