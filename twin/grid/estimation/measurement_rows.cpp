#include "twin/grid/estimation/measurement_rows.hpp"

#include <cmath>

#include "twin/grid/model/phase_matrix.hpp"

namespace twin {
namespace {

constexpr std::array<const char*, 8> quantity_names{
    "active power of connection",    "reactive power of connection", "active shares of connection",
    "reactive shares of connection", "voltage of connection",        "voltage of bus",
    "active flow of branch",         "reactive flow of branch"};

std::size_t elements(const Network& network, Quantity q) {
  if (q <= Quantity::voltage) return network.connections.size();
  return q == Quantity::bus_voltage ? network.buses.size() : branch_count(network);
}

const std::string& element_name(const Network& network, const Measurement& m) {
  if (m.quantity <= Quantity::voltage) return network.connections[m.element].name;
  if (m.quantity == Quantity::bus_voltage) return network.buses[m.element].name;
  return branch_name(network, m.element);
}

Complex phase_of(std::span<const double> x, std::size_t at, std::size_t p) {
  return {x[at + 2 * p], x[at + 2 * p + 1]};
}

double dissipated(const Phases& v, const Phases& i) {
  double sum = 0;
  for (std::size_t p = 0; p < 3; ++p) sum += (v[p] * std::conj(i[p])).real();
  return sum;
}

}  // namespace

std::string describe(const Network& network, const Measurement& m) {
  const std::string what = quantity_names[static_cast<std::size_t>(m.quantity)];
  if (m.element >= elements(network, m.quantity)) return what + " " + std::to_string(m.element);
  return what + " \"" + element_name(network, m) + "\"";
}

template <std::size_t P>
MeasurementRows<P>::MeasurementRows(const Network& network, const CurrentEquations<P>& equations)
    : network_(network),
      equations_(equations),
      live_(topology_of(network).live),
      legs_of_(network.connections.size()) {
  for (std::size_t l = 0; l < equations.legs().size(); ++l)
    legs_of_[equations.legs()[l].connection].push_back(l);
  for (const Line& l : network.lines) two_ports_.push_back(admittance(l));
  for (const Transformer& t : network.transformers) two_ports_.push_back(admittance(t));
}

template <std::size_t P>
std::string MeasurementRows<P>::problem_of(const Measurement& m) const {
  const std::string what = describe(network_, m);
  if (m.element >= elements(network_, m.quantity)) return what + ": there is no such element";
  if (!std::isfinite(m.value)) return what + ": the value is not a number";
  const bool of_shares =
      m.quantity == Quantity::active_shares || m.quantity == Quantity::reactive_shares;
  if (of_shares && m.value != 0) return what + ": shares are expected to be equal, value 0";
  if (!(m.sigma > 0) || !std::isfinite(m.sigma)) return what + ": sigma is not a number above zero";
  const bool supplied = m.quantity <= Quantity::voltage ? !legs_of_[m.element].empty()
                        : m.quantity == Quantity::bus_voltage
                            ? live_[m.element] != 0
                            : live_[branch_ends(network_, m.element).from] != 0;
  return supplied ? "" : what + ": no source supplies it, or an ideal source stands there";
}

template <std::size_t P>
MeasuredRow<P> MeasurementRows<P>::row(const Measurement& m, std::span<const double> x) const {
  MeasuredRow<P> out = m.quantity == Quantity::voltage       ? voltage_row(m, x)
                       : m.quantity == Quantity::bus_voltage ? bus_voltage_row(m, x)
                                                             : flow_row(m, x);
  out.residual = (m.value - out.residual) / m.sigma;
  for (double& d : out.here) d /= m.sigma;
  for (double& d : out.there) d /= m.sigma;
  for (double& d : out.here_here) d /= m.sigma;
  for (double& d : out.here_there) d /= m.sigma;
  return out;
}

// The rows below hold h in the place of the residual, and are not yet divided by sigma.

template <std::size_t P>
MeasuredRow<P> MeasurementRows<P>::voltage_row(const Measurement& m,
                                               std::span<const double> x) const {
  const std::vector<std::size_t>& legs = legs_of_[m.element];
  const double leg_v = leg_nominal_v(network_, network_.connections[m.element]);
  MeasuredRow<P> out;
  for (const std::size_t l : legs) {
    const auto& leg = equations_.legs()[l];
    const Complex v = equations_.leg_voltage_at(leg, x);
    // With one phase, its own voltage stands for that from phase to phase too.
    const double volts = leg.per_unit * leg_v / static_cast<double>(legs.size());
    const Complex slope = volts * v / std::abs(v);
    out.place = out.other = leg.place;
    out.residual += volts * std::abs(v);
    out.here[2 * leg.plus] += slope.real();
    out.here[2 * leg.plus + 1] += slope.imag();
    if (leg.plus == leg.minus) continue;
    out.here[2 * leg.minus] -= slope.real();
    out.here[2 * leg.minus + 1] -= slope.imag();
  }
  return out;
}

template <std::size_t P>
MeasuredRow<P> MeasurementRows<P>::bus_voltage_row(const Measurement& m,
                                                   std::span<const double> x) const {
  const auto has = [&](std::size_t p) { return P == 1 || (live_[m.element] >> p & 1) != 0; };
  double count = 0;
  for (std::size_t p = 0; p < P; ++p) count += has(p) ? 1 : 0;
  const double volts = network_.buses[m.element].nominal_v / count;
  MeasuredRow<P> out;
  out.place = out.other = equations_.pattern().place[m.element];
  for (std::size_t p = 0; p < P; ++p) {
    if (!has(p)) continue;
    const Complex v = phase_of(x, out.place * N, p);
    const Complex slope = volts * v / std::abs(v);
    out.residual += volts * std::abs(v);
    out.here[2 * p] = slope.real();
    out.here[2 * p + 1] = slope.imag();
  }
  return out;
}

template <std::size_t P>
MeasuredRow<P> MeasurementRows<P>::flow_row(const Measurement& m, std::span<const double> x) const {
  const BranchEnds ends = branch_ends(network_, m.element);
  const TwoPort& y = two_ports_[m.element];
  const double near_v = network_.buses[ends.from].nominal_v;
  const double far_v = network_.buses[ends.to].nominal_v;
  constexpr double of_phase = P == 1 ? 3 : 1;
  MeasuredRow<P> out;
  out.place = equations_.pattern().place[ends.from];
  out.other = equations_.pattern().place[ends.to];
  std::array<Complex, P> v, i{}, by_near{}, by_far{};  // by_..: sum_p V_p conj(y_pq), times nominal
  for (std::size_t p = 0; p < P; ++p) v[p] = near_v * phase_of(x, out.place * N, p);
  for (std::size_t p = 0; p < P; ++p)
    for (std::size_t q = 0; q < P; ++q) {
      const Complex ff = seen<P>(y.ff, p, q), ft = seen<P>(y.ft, p, q);
      i[p] += ff * v[q] + ft * (far_v * phase_of(x, out.other * N, q));
      by_near[q] += near_v * v[p] * std::conj(ff);
      by_far[q] += far_v * v[p] * std::conj(ft);
    }
  const bool active = m.quantity == Quantity::active_flow;
  const auto part = [&](Complex s) { return of_phase * (active ? s.real() : s.imag()); };
  const Complex j(0, 1);
  for (std::size_t q = 0; q < P; ++q) {
    const Complex through = near_v * std::conj(i[q]);
    out.residual += part(v[q] * std::conj(i[q]));
    out.here[2 * q] = part(through + by_near[q]);
    out.here[2 * q + 1] = part(j * through - j * by_near[q]);
    out.there[2 * q] = part(by_far[q]);
    out.there[2 * q + 1] = part(-j * by_far[q]);
  }
  const std::array<Complex, 2> along{1.0, j};
  for (std::size_t r = 0; r < N; ++r)
    for (std::size_t c = 0; c < N; ++c) {
      const Complex turn = along[r % 2] * std::conj(along[c % 2]) * near_v;
      const Complex ff = seen<P>(y.ff, r / 2, c / 2), back = seen<P>(y.ff, c / 2, r / 2);
      const Complex ft = seen<P>(y.ft, r / 2, c / 2);
      out.here_here[r * N + c] =
          part(near_v * (turn * std::conj(ff) + std::conj(turn) * std::conj(back)));
      out.here_there[r * N + c] = part(far_v * turn * std::conj(ft));
    }
  return out;
}

template <std::size_t P>
double MeasurementRows<P>::losses_w(const std::vector<Phases>& voltage_v) const {
  double sum = 0;
  for (std::uint32_t b = 0; b < two_ports_.size(); ++b) {
    const TwoPort& y = two_ports_[b];
    const BranchEnds ends = branch_ends(network_, b);
    const Phases &from = voltage_v[ends.from], &to = voltage_v[ends.to];
    sum += dissipated(from, y.ff * from + y.ft * to) + dissipated(to, y.tf * from + y.tt * to);
  }
  for (const Shunt& s : network_.shunts)
    sum += dissipated(voltage_v[s.bus], s.y * voltage_v[s.bus]);
  return sum;
}

template class MeasurementRows<1>;
template class MeasurementRows<3>;

}  // namespace twin
