#pragma once
// Measurements that a state estimation compares with the network's voltages: what h(x) is and its
// derivative, of those that are not injections. x is that of current_equations.hpp.
//
//   voltage   h = mean |v| over the legs (a bus's phases)    dh = mean of Re(conj(v) dv) / |v|
//   flow      h = sum_p V_p conj(I_p)    I = ff V + ft V'   into a branch at its `from` end
//             dh = sum_p dV_p conj(I_p) + V_p conj(dI_p)     d2h = 2 sum_p dV_p conj(dI_p)

#include <string>

#include "twin/grid/flow/current_equations.hpp"

namespace twin {

// The first four are of a connection: power over all its legs, and how far each leg's is from an
// equal share (value 0; sigma of each leg's).
enum class Quantity : std::uint8_t {
  active_power,     // W, import positive
  reactive_power,   // var
  active_shares,    // W
  reactive_shares,  // var
  voltage,          // V, mean over a connection's legs
  bus_voltage,      // V, mean over a bus's phases to ground
  active_flow,      // W, into a branch at its `from` end, all phases
  reactive_flow     // var
};

inline bool is_injection(Quantity q) { return q <= Quantity::reactive_shares; }

// `element`: a connection, bus or branch by its quantity. Errors are independent and normal with
// `sigma`. A pseudo-measurement, an assumption in place of a meter, is one of large sigma.
struct Measurement {
  Quantity quantity = Quantity::active_power;
  std::uint32_t element = 0;
  double value = 0, sigma = 0;
};

// "voltage of connection "home-07"".
std::string describe(const Network& network, const Measurement& m);

template <std::size_t P>
struct MeasuredRow {
  std::uint32_t place = 0, other = 0;         // of one bus, twice, or of two neighbours
  std::array<double, 2 * P> here{}, there{};  // dh/dx there, over sigma
  Block<2 * P> here_here{}, here_there{};     // a flow's second derivative, over sigma
  double residual = 0;                        // (value - h) / sigma
};

template <std::size_t P>
class MeasurementRows {
 public:
  // The network and its equations must outlive it.
  MeasurementRows(const Network& network, const CurrentEquations<P>& equations);

  // Why it cannot be measured here; empty where it can. Also of injections.
  std::string problem_of(const Measurement& m) const;
  // Of a measurement without a problem that is no injection.
  MeasuredRow<P> row(const Measurement& m, std::span<const double> x) const;
  // What all branches and shunts dissipate, W.
  double losses_w(const std::vector<Phases>& voltage_v) const;

 private:
  static constexpr std::size_t N = 2 * P;
  MeasuredRow<P> voltage_row(const Measurement& m, std::span<const double> x) const;
  MeasuredRow<P> bus_voltage_row(const Measurement& m, std::span<const double> x) const;
  MeasuredRow<P> flow_row(const Measurement& m, std::span<const double> x) const;

  const Network& network_;
  const CurrentEquations<P>& equations_;
  std::vector<PhaseMask> live_;
  std::vector<std::vector<std::size_t>> legs_of_;  // by connection
  std::vector<TwoPort> two_ports_;
};

}  // namespace twin
