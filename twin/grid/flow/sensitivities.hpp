#pragma once
// How a feeder's voltages and currents answer to a little more power at a connection, at a solved
// power flow: exact derivatives of the same equations, from one factorisation.
//
//   r(x, S) = 0      the balance of currents (current_equations.hpp), x the voltages
//   J dx = dr/dS     J = -dr/dx, factorised once by blocks of a bus; dr/dS is what one leg more
//                    draws, with its own answer to the voltage:  di = conj(dS(u) / v)
//   dI = Y dV        of each branch with a rating, by its two-port
// One column is a connection's active power, one its reactive power, both shared equally over the
// legs that it uses. Any network that Newton solves: radial or meshed, any winding. Taps stand
// where the solution has them, and do not move; a network that is balanced counts as three phases.
// Cost: a factorisation, and two substitutions (linear in buses, where radial) a connection.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ledger/base/result.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

// A branch with a rating, watched at the end where `loading` is measured: a transformer's `to` end,
// a line's end with the larger current at the base point.
struct WatchedBranch {
  std::uint32_t branch = 0;
  bool at_from = false;
  double rated_a = 0;
  Phases current_a{};  // at the base point, into the branch
};

struct Sensitivities {
  std::vector<std::uint32_t> connections;  // the columns
  std::vector<WatchedBranch> watched;
  std::vector<Phases> voltage_v;  // by bus, at the base point
  // By column, then bus: V a W or var more that the connection draws.
  std::vector<Phases> voltage_by_w, voltage_by_var;
  // By column, then watched branch: A a W or var more.
  std::vector<Phases> current_by_w, current_by_var;

  const Phases& dv_dp(std::size_t column, std::uint32_t bus) const {
    return voltage_by_w[column * voltage_v.size() + bus];
  }
  const Phases& dv_dq(std::size_t column, std::uint32_t bus) const {
    return voltage_by_var[column * voltage_v.size() + bus];
  }
  const Phases& di_dp(std::size_t column, std::size_t place) const {
    return current_by_w[column * watched.size() + place];
  }
  const Phases& di_dq(std::size_t column, std::size_t place) const {
    return current_by_var[column * watched.size() + place];
  }
};

// The derivative of |z| where z moves by dz; of a z that is nothing, |dz|.
double magnitude_slope(Complex z, Complex dz);

class SensitivityModel {
 public:
  // The network has passed PowerFlow::check.
  explicit SensitivityModel(const Network& network);
  ~SensitivityModel();
  SensitivityModel(SensitivityModel&&) noexcept;

  // At a power flow that converged with `draw_va`, by those `connections`. Refused where the
  // equations are singular there (at the edge of voltage collapse).
  ledger::Result<Sensitivities> at(const PowerFlowResult& flow, std::span<const Phases> draw_va,
                                   std::span<const std::uint32_t> connections);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace twin
