#include "twin/congestion/feeder_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace twin {
namespace {

unsigned fullest_phase(const WatchedBranch& w) {
  const auto most = std::max_element(
      w.current_a.begin(), w.current_a.end(),
      [](const Complex& a, const Complex& b) { return std::norm(a) < std::norm(b); });
  return static_cast<unsigned>(most - w.current_a.begin());
}

unsigned lowest_leg(const Connection& c, const Phases& bus_v) {
  unsigned lowest = 3;
  for (unsigned p = 0; p < 3; ++p)
    if ((c.phases >> p & 1) && (lowest == 3 || std::abs(leg_voltage(c, bus_v, p)) <
                                                   std::abs(leg_voltage(c, bus_v, lowest))))
      lowest = p;
  return lowest;
}

}  // namespace

FeederModel::FeederModel(Network network, std::vector<std::uint32_t> connections)
    : network_(std::move(network)),
      connections_(std::move(connections)),
      power_flow_(network_),
      derivatives_(network_) {
  for (const Connection& c : network_.connections) others_va_.push_back(c.draw_va);
  for (const std::uint32_t c : connections_) others_va_[c] = {};
}

const std::string& FeederModel::branch_name(std::uint32_t branch) const {
  const auto lines = static_cast<std::uint32_t>(network_.lines.size());
  return branch < lines ? network_.lines[branch].name : network_.transformers[branch - lines].name;
}

std::vector<Phases> FeederModel::draws(std::span<const double> home_w) const {
  std::vector<Phases> draw_va = others_va_;
  for (std::size_t h = 0; h < connections_.size(); ++h) {
    const PhaseMask phases = network_.connections[connections_[h]].phases;
    for (unsigned p = 0; p < 3; ++p)
      if (phases >> p & 1) draw_va[connections_[h]][p] = home_w[h] / std::popcount(phases);
  }
  return draw_va;
}

FeederModel::State FeederModel::solve(std::span<const double> home_w) const {
  const PowerFlowResult& r = power_flow_.solve(draws(home_w));
  State out{r.converged, r.loading, {}, {}};
  for (const std::uint32_t index : connections_) {
    const Connection& c = network_.connections[index];
    double least = 0, most = 0;
    for (unsigned p = 0; p < 3; ++p) {
      if (!(c.phases >> p & 1)) continue;
      const double pu =
          std::abs(leg_voltage(c, r.voltage_v[c.bus], p)) / leg_nominal_v(network_, c);
      least = least > 0 ? std::min(least, pu) : pu;
      most = std::max(most, pu);
    }
    out.v_min_pu.push_back(least);
    out.v_max_pu.push_back(most);
  }
  return out;
}

ledger::Result<FeederModel::Effects> FeederModel::effects(std::span<const double> home_w) const {
  const std::vector<Phases> draw_va = draws(home_w);
  const PowerFlowResult& flow = power_flow_.solve(draw_va);
  if (!flow.converged) return ledger::failure("the feeder model's power flow does not converge");
  const auto found = derivatives_.at(flow, draw_va, connections_);
  if (!found) return ledger::failure(found.error());
  const Sensitivities& s = *found;
  Effects out{std::vector(branches(), std::vector<double>(homes())),
              std::vector(homes(), std::vector<double>(homes()))};
  for (std::size_t place = 0; place < s.watched.size(); ++place) {
    const WatchedBranch& w = s.watched[place];
    const unsigned p = fullest_phase(w);
    for (std::size_t h = 0; h < homes(); ++h)
      out.loading[w.branch][h] = magnitude_slope(w.current_a[p], s.di_dp(h, place)[p]) / w.rated_a;
  }
  for (std::size_t v = 0; v < homes(); ++v) {
    const Connection& c = network_.connections[connections_[v]];
    const unsigned leg = lowest_leg(c, s.voltage_v[c.bus]);
    const Complex at = leg_voltage(c, s.voltage_v[c.bus], leg);
    for (std::size_t h = 0; h < homes(); ++h)
      out.v_pu[v][h] =
          magnitude_slope(at, leg_voltage(c, s.dv_dp(h, c.bus), leg)) / leg_nominal_v(network_, c);
  }
  return out;
}

}  // namespace twin
