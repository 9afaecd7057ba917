#pragma once
// The equations of a network's power flow as currents at each phase of each bus, per unit of the
// bus's nominal voltage and of `base_va` a phase, and their derivatives (three-phase current
// injection: Garcia et al., IEEE Trans. Power Systems 15(2), 2000).
//
//   r_k = I_k - sum_j Y_kj V_j - sum_leg i_leg       0 where the currents at phase k balance
//   I   = y_s E           of a source E behind z_s = 1 / y_s, which also stands in Y
//   i   = conj(S(u) / v)  of a leg with voltage v, u = |v| over its own nominal voltage
//   di  = (di/dv) dv + (di/dv*) dv*:   with W = conj(S), W' = dW/du, u' = du/d|v|
//         di/dv = W' u' / 2|v|      di/dv* = (-W / v* + W' u' v / 2|v|) / v*
// An ideal source's phase has r_k = E_k - V_k instead, a dead phase r_k = -V_k. A generator's phase
// has, with g the current that it must deliver (-r_k above), a third of its power P and weight w,
//   r = P - Re(V g*)   and   r = w (V_set^2 - |V|^2) / 2
// so that it holds every phase's magnitude (Newton's step for them takes the same rows, combined).
//
// With one phase, the positive sequence stands for all three: every matrix gives its
// positive-sequence value, a load's legs together a third of their power.

#include <span>

#include "twin/grid/flow/block_matrix.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/grid/model/topology.hpp"
#include "twin/grid/model/two_port.hpp"

namespace twin {

// How far a state is from balance.
struct Mismatch {
  std::vector<double> r;           // by unknown
  std::vector<Complex> generated;  // by generator's phase: g
  double squared = 0;              // sum of r^2; not finite where the state is none
  double worst_va = 0;             // largest |r| as power at nominal voltage, one phase's
  std::uint32_t worst_bus = 0;
  bool settled = false;      // no r exceeds the tolerance, or else its own rounding
  bool at_rounding = false;  // no r exceeds what rounding makes of its own terms
};

// A state x holds re(V), im(V) for each of P phases of each bus, buses in the pattern's order.
template <std::size_t P>
class CurrentEquations {
 public:
  static constexpr std::size_t N = 2 * P;
  static constexpr double base_va = 1e6;

  // `network` has passed the check; it is copied where it is needed later.
  explicit CurrentEquations(const Network& network);
  CurrentEquations(const CurrentEquations&) = delete;  // matrices point at the pattern
  CurrentEquations& operator=(const CurrentEquations&) = delete;

  // A leg of a connection that has a voltage and is not an ideal source's.
  struct Leg {
    std::uint32_t place = 0, connection = 0, leg = 0;
    std::uint32_t model = 0;
    std::size_t plus = 0, minus = 0;  // phases; the same: to ground
    double per_unit = 1;              // u of |v|
    Complex s;                        // base_va, with the share
  };
  const std::vector<Leg>& legs() const { return legs_; }
  Complex leg_voltage_at(const Leg& leg, std::span<const double> x) const;

  // What one phase of a source's E puts into the rows of its bus.
  struct Emf {
    std::uint32_t place = 0;
    std::array<double, N> injected{};
  };
  const std::vector<Emf>& emfs() const { return emfs_; }
  // Times `scale`, one for each of emfs().
  void scale_emfs(std::span<const double> scale);

  void set_to_tap(std::size_t transformer, double to_tap);
  // Power by connection and leg, and generators' power, both times `share`.
  void set_draw(std::span<const Phases> draw_va, double share);
  // What set_draw was given: the sum of |S| over legs and generators, all phases, share 1.
  double total_va() const { return total_va_; }

  std::size_t unknowns() const { return pattern_.size() * N; }
  const BlockPattern& pattern() const { return pattern_; }

  void mismatch(std::span<const double> x, double tolerance_va, Mismatch& out) const;
  // -dr/dx at x, where `at_x` is the mismatch.
  void jacobian(std::span<const double> x, const Mismatch& at_x, BlockMatrix<N>& out) const;
  // The network without loads and generators is linear: linear() x = injected().
  const BlockMatrix<N>& linear() const { return linear_; }
  const std::vector<double>& injected() const { return injected_; }
  // Scales generators' phases to the voltage that they hold.
  void hold_voltages(std::span<double> x) const;

  std::vector<Phases> voltages_v(std::span<const double> x) const;

 private:
  struct Held {
    std::size_t unknown = 0;  // of re(V)
    double power = 0, given_power = 0, voltage = 1, weight = 1;
    std::vector<std::uint32_t> row;  // places of the row's blocks
  };

  void build_linear();
  void add_branch(const BranchEnds& ends, const TwoPort& y);
  void add(std::uint32_t row_bus, std::uint32_t column_bus, const PhaseMatrix& y);
  void add_sources();
  void fix(std::uint32_t bus, const Phases& emf_pu);
  void settle_dead_phases();
  void add_legs(const Network& network);
  void add_generators(const Network& network);
  void judge(double tolerance_va, Mismatch& out) const;
  void hold_rows(std::span<const double> x, const Mismatch& at_x, BlockMatrix<N>& out) const;

  std::vector<Bus> buses_;
  std::vector<BranchEnds> ends_;
  std::vector<TwoPort> two_ports_;  // lines, then transformers
  std::vector<Transformer> transformers_;
  std::vector<Source> sources_;
  std::vector<Shunt> shunts_;
  std::vector<PhaseMask> live_;
  std::vector<LoadModel> models_;
  std::vector<Leg> legs_;
  std::vector<Held> held_;
  BlockPattern pattern_;
  BlockMatrix<N> linear_;
  std::vector<Emf> emfs_;
  std::vector<double> injected_;
  std::vector<double> terms_;  // by unknown: sum of |coefficients|, what rounding is measured by
  double total_va_ = 0;
};

}  // namespace twin
