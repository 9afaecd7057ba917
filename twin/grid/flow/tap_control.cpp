#include "twin/grid/flow/tap_control.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/two_port.hpp"

namespace twin {
namespace {

std::optional<std::size_t> phase_of(Terminal t) {
  if (t == Terminal::ground || t == Terminal::star_point) return std::nullopt;
  return static_cast<std::size_t>(t);
}

Complex voltage_over(const std::array<Terminal, 2>& coil, const Phases& v) {
  Complex out;
  if (const auto p = phase_of(coil[0])) out += v[*p];
  if (const auto p = phase_of(coil[1])) out -= v[*p];
  return out;
}

// Out of the coil's dot, where `into` goes into the transformer at its bus's phases.
Complex current_of(const std::array<Terminal, 2>& coil, const Phases& into) {
  if (const auto p = phase_of(coil[0])) return -into[*p];
  if (const auto p = phase_of(coil[1])) return into[*p];
  return 0;
}

// Steps that the control wants, up positive; 0: none, or none left that way.
int wanted_steps(const Network& network, const TapControl& c, std::span<const Phases> v) {
  constexpr double share = 0.7, rounding = 1e-9;
  const Transformer& t = network.transformers[c.transformer];
  const double missing_v = c.target_v - regulated_v(network, c, v);
  if (!(std::abs(missing_v) > c.band_v / 2)) return 0;
  const bool up = missing_v > 0;
  if (up ? t.to_tap >= c.tap_max - rounding : t.to_tap <= c.tap_min + rounding) return 0;
  const double steps = share * std::abs(missing_v) * c.pt_ratio / t.to_coil_v / c.tap_step;
  const int whole = static_cast<int>(std::clamp(steps, 1.0, std::max(1.0, 1.0 * c.steps_at_once)));
  return up ? whole : -whole;
}

}  // namespace

double regulated_v(const Network& network, const TapControl& c, std::span<const Phases> v) {
  const Transformer& t = network.transformers[c.transformer];
  const auto& coil = t.coils.front().to;
  Complex seen = voltage_over(coil, v[t.to]) / c.pt_ratio;
  if (c.compensation_v != Complex{}) {
    const TwoPort y = admittance(t);
    const Phases into = y.tf * v[t.from] + y.tt * v[t.to];
    seen -= c.compensation_v * current_of(coil, into) / c.ct_primary_a;
  }
  return std::abs(seen);
}

bool move_taps(Network& network, std::span<const Phases> voltage_v) {
  std::vector<int> steps;
  double shortest = std::numeric_limits<double>::infinity();
  for (const TapControl& c : network.tap_controls) {
    steps.push_back(wanted_steps(network, c, voltage_v));
    if (steps.back() != 0) shortest = std::min(shortest, c.delay_s);
  }
  bool moved = false;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const TapControl& c = network.tap_controls[i];
    if (steps[i] == 0 || c.delay_s > shortest) continue;
    double& tap = network.transformers[c.transformer].to_tap;
    tap = std::clamp(tap + steps[i] * c.tap_step, c.tap_min, c.tap_max);
    moved = true;
  }
  return moved;
}

}  // namespace twin
