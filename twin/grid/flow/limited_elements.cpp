#include "twin/grid/flow/limited_elements.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace twin {
namespace {

constexpr int directions = 32;

// Of a voltage, V per column's W.
std::vector<double> voltage_slopes(const LimitedElement& e, const Network& network,
                                   const Sensitivities& s) {
  const Connection& c = network.connections[e.place];
  const Complex v = leg_voltage(c, s.voltage_v[c.bus], e.phase);
  const double sign = e.kind == LimitedElement::Kind::high_voltage ? 1 : -1;
  std::vector<double> out;
  for (std::size_t k = 0; k < s.connections.size(); ++k)
    out.push_back(sign * magnitude_slope(v, leg_voltage(c, s.dv_dp(k, c.bus), e.phase)) /
                  leg_nominal_v(network, c));
  return out;
}

double most_of(std::span<const double> a, std::span<const double> least,
               std::span<const double> most) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] > 0 ? a[k] * most[k] : -a[k] * least[k];
  return sum;
}

double leg_pu(const Connection& c, const Network& network, const Phases& v, unsigned leg) {
  return std::abs(leg_voltage(c, v, leg)) / leg_nominal_v(network, c);
}

}  // namespace

std::vector<LimitedElement> limited_elements(const Network& network, const Sensitivities& s,
                                             const GridLimits& limits) {
  std::vector<LimitedElement> out;
  for (std::uint32_t w = 0; w < s.watched.size(); ++w)
    for (unsigned p = 0; p < 3; ++p)
      out.push_back(
          {LimitedElement::Kind::current, w, p, limits.max_loading * s.watched[w].rated_a});
  for (std::uint32_t c = 0; c < network.connections.size(); ++c)
    for (unsigned p = 0; p < 3; ++p) {
      const Connection& connection = network.connections[c];
      const bool used = connection.phases >> p & 1;
      if (!used || leg_voltage(connection, s.voltage_v[connection.bus], p) == Complex{}) continue;
      out.push_back({LimitedElement::Kind::high_voltage, c, p, limits.v_max_pu});
      out.push_back({LimitedElement::Kind::low_voltage, c, p, -limits.v_min_pu});
    }
  return out;
}

double value_of(const LimitedElement& e, const Network& network, const Sensitivities& s,
                const PowerFlowResult& at) {
  if (e.kind == LimitedElement::Kind::current) {
    const WatchedBranch& w = s.watched[e.place];
    return std::abs((w.at_from ? at.current_a : at.to_current_a)[w.branch][e.phase]);
  }
  const Connection& c = network.connections[e.place];
  const double pu = leg_pu(c, network, at.voltage_v[c.bus], e.phase);
  return e.kind == LimitedElement::Kind::high_voltage ? pu : -pu;
}

namespace {

using RowTaker = std::function<void(std::span<const double>, double)>;

void each_current_row(const LimitedElement& e, const Sensitivities& s, double inside,
                      std::span<const double> least, std::span<const double> most,
                      const RowTaker& row) {
  const std::size_t columns = s.connections.size();
  const Complex now = s.watched[e.place].current_a[e.phase];
  double reach = std::abs(now);
  for (std::size_t k = 0; k < columns; ++k)
    reach += std::abs(s.di_dp(k, e.place)[e.phase]) * std::max(least[k], most[k]);
  if (reach <= inside) return;
  std::vector<double> a(columns);
  for (int d = 0; d < directions; ++d) {
    const Complex turn = std::polar(1.0, -2 * std::numbers::pi * d / directions);
    for (std::size_t k = 0; k < columns; ++k) a[k] = (turn * s.di_dp(k, e.place)[e.phase]).real();
    const double room = inside - (turn * now).real();
    if (most_of(a, least, most) > room) row(a, room);
  }
}

}  // namespace

void each_row(const LimitedElement& e, const Network& network, const Sensitivities& s, double taken,
              std::span<const double> least, std::span<const double> most, const RowTaker& row) {
  if (e.kind == LimitedElement::Kind::current) {
    const double inside = (e.limit - taken) * std::cos(std::numbers::pi / directions);
    return each_current_row(e, s, inside, least, most, row);
  }
  const std::vector<double> a = voltage_slopes(e, network, s);
  const Connection& c = network.connections[e.place];
  const double pu = leg_pu(c, network, s.voltage_v[c.bus], e.phase);
  const double room = e.limit - taken - (e.kind == LimitedElement::Kind::high_voltage ? pu : -pu);
  if (most_of(a, least, most) > room) row(a, room);
}

}  // namespace twin
