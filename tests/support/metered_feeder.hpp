#pragma once
// A feeder's true state by power flow, and all that could be measured of it, without noise.

#include <cmath>
#include <vector>

#include "ledger/base/rng.hpp"
#include "twin/grid/estimation/state_estimation.hpp"
#include "twin/grid/flow/power_flow.hpp"

namespace test {

struct Truth {
  twin::Network network;  // taps as the power flow left them
  twin::PowerFlowResult flow;
};

inline Truth truth_of(twin::Network network, const std::vector<twin::Phases>& draw_va,
                      int phases = 3) {
  twin::PowerFlow solver(network, {1e-11, 200, phases});
  Truth out{std::move(network), solver.solve(draw_va)};
  for (std::size_t c = 0; c < out.network.tap_controls.size(); ++c)
    out.network.transformers[out.network.tap_controls[c].transformer].to_tap = out.flow.tap[c];
  return out;
}

struct Sigmas {
  double p_w = 10, q_var = 100, share_w = 200, voltage_v = 0.7, head_w = 100;
};

inline double mean_leg_v(const Truth& t, std::uint32_t connection) {
  const twin::Connection& c = t.network.connections[connection];
  double sum = 0, legs = 0;
  for (unsigned p = 0; p < 3; ++p) {
    if (!(c.phases >> p & 1)) continue;
    sum += std::abs(twin::leg_voltage(c, t.flow.voltage_v[c.bus], p));
    ++legs;
  }
  return sum / legs;
}

// Of every connection P, Q, equal shares and voltage in this order; P and Q into branch `head`.
inline std::vector<twin::Measurement> all_measured(const Truth& t, std::uint32_t head,
                                                   const Sigmas& s = {}) {
  using twin::Quantity;
  std::vector<twin::Measurement> out;
  for (std::uint32_t c = 0; c < t.network.connections.size(); ++c) {
    twin::Complex sum;
    for (const twin::Complex& va : t.flow.drawn_va[c]) sum += va;
    out.push_back({Quantity::active_power, c, sum.real(), s.p_w});
    out.push_back({Quantity::reactive_power, c, sum.imag(), s.q_var});
    const unsigned phases = t.network.connections[c].phases;
    if ((phases & (phases - 1)) != 0) {
      out.push_back({Quantity::active_shares, c, 0, s.share_w});
      out.push_back({Quantity::reactive_shares, c, 0, s.share_w});
    }
    out.push_back({Quantity::voltage, c, mean_leg_v(t, c), s.voltage_v});
  }
  const std::uint32_t bus = twin::branch_ends(t.network, head).from;
  twin::Complex flow;
  for (unsigned p = 0; p < 3; ++p)
    flow += t.flow.voltage_v[bus][p] * std::conj(t.flow.current_a[head][p]);
  out.push_back({Quantity::active_flow, head, flow.real(), s.head_w});
  out.push_back({Quantity::reactive_flow, head, flow.imag(), s.head_w});
  return out;
}

// With an error in each, but for shares, which are what they are.
inline std::vector<twin::Measurement> with_noise(std::vector<twin::Measurement> exact,
                                                 ledger::Rng rng) {
  for (twin::Measurement& m : exact)
    if (m.quantity != twin::Quantity::active_shares &&
        m.quantity != twin::Quantity::reactive_shares)
      m.value += m.sigma * rng.normal();
  return exact;
}

inline std::size_t place_of(const std::vector<twin::Measurement>& all, twin::Quantity quantity,
                            std::uint32_t element) {
  for (std::size_t k = 0; k < all.size(); ++k)
    if (all[k].quantity == quantity && all[k].element == element) return k;
  return all.size();
}

// Largest distance of bus voltages, per unit of nominal.
inline double volts_apart(const twin::Network& net, const std::vector<twin::Phases>& a,
                          const std::vector<twin::Phases>& b) {
  double out = 0;
  for (std::size_t n = 0; n < a.size(); ++n)
    for (std::size_t p = 0; p < 3; ++p)
      out = std::max(out, std::abs(a[n][p] - b[n][p]) / net.buses[n].nominal_v);
  return out;
}

}  // namespace test
