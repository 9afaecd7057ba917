#pragma once
// Weighted least squares state estimation on the network's own equations (Schweppe and Wildes, IEEE
// Trans. PAS-89, 1970; Abur and Exposito, Power System State Estimation, 2004). Unknown are the
// voltages x, what each leg of each connection draws, and the size of each source's E; everything
// is found that makes
//   J = sum ((z - h(x)) / sigma)^2 + e' R^-1 e      least, subject to
//   r(x, e) = 0     the currents of current_equations.hpp, with draws z + e and sources E (1 + e)
// with e the errors of measured draws, R their covariance. All draws are constant power: what a
// meter shows is drawn, whatever the load's answer to voltage. Taps stand where the network has
// them.
//
// Buses where nothing is drawn are exact so, not measured with a tiny sigma. Gauss-Newton's step,
// with H = dh/dx over sigma, J = -dr/dx, B = -dr/de and multipliers l of r, after e = -R B' l, is
//   [ H'H   J'     ] [dx]   [ H' res - J' l ]
//   [ J    -B R B' ] [dl] = [ r(x, e)       ]
// This is Hachtel's augmented matrix (Gjelsvik, Aam and Holten, IEEE Trans. PAS-104, 1985) with e
// eliminated. Chosen over normal equations because it squares no condition number of the network's
// and needs no weights for what is exact, and over orthogonal factorisation because it has the
// network's own pattern: voltages at a bus, draws and a branch's flow touch a bus or two
// neighbours, so it is factorised by blocks of a bus (block_matrix.hpp), a tree without filling in.
// And it needs no rows swapped across buses where a power flow does not: if x, l is in the null
// space of the part of it that belongs to some buses, x' H'H x + l' B R B' l = 0, so H x = 0 and R
// B' l = 0, hence J x = 0 and J' l = 0; it is singular only where that part of J is. Near the
// solution the second derivatives of draws and flows are added, times l and residuals: a wrong
// measurement makes them large, and without them steps do not shrink. They have the same pattern.
// Statistics are of the matrix without them.
//
// Statistics, at the solution, from the blocks of the matrix's inverse that lie on its pattern:
//   Omega            covariance of residuals, for H rows I - H C H', for draws R B' F B R, with C
//                    and -F the inverse's diagonal parts
//   redundancy       Omega_ii / sigma_i^2, from 0 (nothing else tells of it: critical) to 1
//   normalised       residual over root of Omega_ii; of one error alone it is the largest, though
//                    others may be as large (Abur and Exposito, ch. 5.7)
//   detection limit  3 sigma / sqrt(redundancy): an error of this size lifts its own normalised
//                    residual by 3
//   J                chi-square distributed with `degrees_of_freedom`
// A flow through a branch of next to no impedance is the difference of two voltages that are nearly
// one, and ill-conditioned: measure it in the branch behind.
// A wrong measurement that is critical, and any set of wrong ones that some other state explains,
// false data in the column space of the Jacobian (Liu, Ning and Reiter, CCS 2009), leave no trace.

#include <memory>
#include <span>

#include "ledger/base/result.hpp"
#include "twin/grid/estimation/measurement_rows.hpp"

namespace twin {

struct EstimatorOptions {
  double tolerance_pu = 1e-8;
  int max_iterations = 40;
  int phases = 3;  // 1: the single-phase equivalent of a balanced network
  // Of a source's E around the network's: of its phases together and of each. Angles are as given.
  double source_sigma_pu = 0.05, source_unbalance_pu = 0.005;
};

struct Residual {
  double value = 0;       // measured less estimated, in the measurement's unit; of shares, the
                          // leg's with the largest normalised residual
  double normalised = 0;  // 0 where critical
  double redundancy = 0;
  bool critical = false;
};

struct Estimate {
  bool converged = false;  // otherwise what follows is the last state, without statistics
  int iterations = 0;
  std::uint32_t worst_bus = 0;  // the one that moved most in the last step, by this much
  double worst_step_pu = 0;
  std::vector<Phases> voltage_v;  // by bus, phase to ground; 0 where dead
  std::vector<Phases> drawn_va;   // by connection and leg
  double losses_w = 0;            // in branches and shunts
  double objective = 0;           // J
  int degrees_of_freedom = 0;
  std::vector<Residual> residuals;  // by measurement
};

// Which redundancy counts as none: rounding of the statistics stays below it.
inline constexpr double critical_redundancy = 1e-7;

class StateEstimator {
 public:
  // One message for the first thing wrong: what a power flow would refuse, or a generator that
  // holds a voltage, which is not estimated. Empty where all is well.
  static std::string check(const Network& network);

  // The network must pass `check`.
  explicit StateEstimator(const Network& network, EstimatorOptions options = {});
  ~StateEstimator();
  StateEstimator(StateEstimator&&) noexcept;

  // Fails, by name, where a measurement is no number, doubled or of what no source supplies, where
  // nothing is measured, and where measurements leave a draw undetermined (the network is
  // unobservable). Not converging is a value. Each call begins from the network without load, so
  // that the answer depends on nothing before.
  ledger::Result<Estimate> estimate(std::span<const Measurement> measurements);

 private:
  struct Engine;
  template <std::size_t P>
  class Solver;
  std::unique_ptr<Engine> engine_;
};

}  // namespace twin
