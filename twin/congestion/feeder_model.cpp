#include "twin/congestion/feeder_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace twin {

FeederModel::FeederModel(Network network, std::vector<std::uint32_t> connections)
    : network_(std::move(network)), connections_(std::move(connections)), power_flow_(network_) {
  for (const Connection& c : network_.connections) others_va_.push_back(c.draw_va);
  for (const std::uint32_t c : connections_) others_va_[c] = {};
}

const std::string& FeederModel::branch_name(std::uint32_t branch) const {
  const auto lines = static_cast<std::uint32_t>(network_.lines.size());
  return branch < lines ? network_.lines[branch].name : network_.transformers[branch - lines].name;
}

FeederModel::State FeederModel::solve(std::span<const double> home_w) const {
  std::vector<Phases> draw_va = others_va_;
  for (std::size_t h = 0; h < connections_.size(); ++h) {
    const PhaseMask phases = network_.connections[connections_[h]].phases;
    for (unsigned p = 0; p < 3; ++p)
      if (phases >> p & 1) draw_va[connections_[h]][p] = home_w[h] / std::popcount(phases);
  }
  const PowerFlowResult& r = power_flow_.solve(draw_va);
  State out{r.converged, r.loading, {}};
  for (const std::uint32_t index : connections_) {
    const Connection& c = network_.connections[index];
    double least = 10;
    for (unsigned p = 0; p < 3; ++p)
      if (c.phases >> p & 1)
        least = std::min(least, std::abs(leg_voltage(c, r.voltage_v[c.bus], p)));
    out.v_pu.push_back(least / leg_nominal_v(network_, c));
  }
  return out;
}

FeederModel::Sensitivities FeederModel::sensitivities(std::span<const double> home_w) const {
  std::vector<double> at(home_w.begin(), home_w.end());
  Sensitivities out{std::vector(branches(), std::vector<double>(homes())),
                    std::vector(homes(), std::vector<double>(homes()))};
  for (std::size_t h = 0; h < homes(); ++h) {
    const double here_w = at[h];
    at[h] = here_w + step_w / 2;
    const State more = solve(at);
    at[h] = here_w - step_w / 2;
    const State less = solve(at);
    at[h] = here_w;
    for (std::size_t b = 0; b < branches(); ++b)
      out.loading[b][h] = (more.loading[b] - less.loading[b]) / step_w;
    for (std::size_t v = 0; v < homes(); ++v)
      out.v_pu[v][h] = (more.v_pu[v] - less.v_pu[v]) / step_w;
  }
  return out;
}

}  // namespace twin
