#include "twin/grid/estimation/feeder_estimator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace twin {
namespace {

using ledger::MeteredQuantity;
using ledger::MeterId;
using ledger::MilliWattHours;
using ledger::PointEnergy;

constexpr double sqrt3 = std::numbers::sqrt3;
constexpr double mwh_in_wh = 1000;
constexpr std::int64_t longest_slot_ms = 86'400'000;
constexpr std::int64_t most_mwh = std::int64_t{1} << 48;
// Of the least of three standard normal numbers: its mean, and its deviation around their mean.
constexpr double least_of_three = 0.8463, least_of_three_sigma = 0.4755;

Network as_it_stands(Network network) {
  network.tap_controls.clear();
  for (Connection& c : network.connections) c.model = {};
  return network;
}

double sigma_w(MeterClass meter_class, double import_w, double export_w) {
  const double limit = error_limit(meter_class);
  return std::hypot(limit * import_w, limit * export_w, least_power_w) / sqrt3;
}

double watts(MilliWattHours energy, double hours) {
  return static_cast<double>(energy.value) / mwh_in_wh / hours;
}

MilliWattHours energy_of(double power_w, double hours) {
  return {std::llround(power_w * hours * mwh_in_wh)};
}

std::int64_t thousandths(double value) {
  return std::llround(std::min(std::abs(value), 1e15) * 1000);
}

std::string name_of(MeterId meter) { return "meter " + std::to_string(meter.value); }

std::string problem_of_energies(const PointEnergy& p) {
  for (const std::int64_t e : {p.import_energy.value, p.export_energy.value})
    if (e < 0 || e > most_mwh)
      return name_of(p.meter) + ": an energy of " + std::to_string(e) + " mWh in a slot";
  if (p.mean_voltage_mv < 0) return name_of(p.meter) + ": a voltage below zero";
  return {};
}

// The one branch at the source's bus, whose `from` end stands there.
ledger::Result<std::uint32_t> head_of(const Network& network) {
  if (network.sources.size() != 1) return ledger::failure("a feeder has one source");
  const std::uint32_t bus = network.sources[0].bus;
  std::vector<std::uint32_t> found;
  for (std::uint32_t b = 0; b < branch_count(network); ++b)
    if (branch_ends(network, b).from == bus || branch_ends(network, b).to == bus)
      found.push_back(b);
  if (found.size() != 1 || branch_ends(network, found[0]).from != bus)
    return ledger::failure("from the source's bus \"" + network.buses[bus].name +
                           "\" one branch must leave, where the feeder meter stands");
  for (const Connection& c : network.connections)
    if (c.bus == bus)
      return ledger::failure("connection \"" + c.name + "\" stands above the feeder meter");
  return found[0];
}

std::string problem_of_points(const Network& network, const FeederMeter& feeder_meter,
                              const std::vector<MeteringPoint>& points) {
  std::map<std::uint32_t, bool> meters{{feeder_meter.meter.value, true}}, connections;
  if (feeder_meter.voltage_bus >= network.buses.size())
    return "the feeder meter measures voltage at a bus that does not exist";
  for (const MeteringPoint& p : points) {
    if (p.connection >= network.connections.size())
      return name_of(p.meter) + " stands at a connection that does not exist";
    if (!meters.emplace(p.meter.value, true).second)
      return name_of(p.meter) + " stands at two metering points";
    if (!connections.emplace(p.connection, true).second)
      return "connection \"" + network.connections[p.connection].name + "\" has two meters";
  }
  return {};
}

}  // namespace

ledger::Result<FeederEstimator> FeederEstimator::create(Network network, FeederMeter feeder_meter,
                                                        std::vector<MeteringPoint> points) {
  network = as_it_stands(std::move(network));
  if (std::string p = StateEstimator::check(network); !p.empty()) return ledger::failure(p);
  const auto head = head_of(network);
  if (!head) return ledger::failure(head.error());
  if (std::string p = problem_of_points(network, feeder_meter, points); !p.empty())
    return ledger::failure(p);
  return FeederEstimator(std::move(network), feeder_meter, std::move(points), *head);
}

FeederEstimator::FeederEstimator(Network network, FeederMeter feeder_meter,
                                 std::vector<MeteringPoint> points, std::uint32_t head)
    : network_(std::move(network)),
      feeder_meter_(feeder_meter),
      points_(std::move(points)),
      head_(head),
      estimator_(network_),
      power_flow_(network_) {
  for (std::size_t k = 0; k < points_.size(); ++k) point_of_meter_[points_[k].meter.value] = k;
}

ledger::Result<ledger::FeederFindings> FeederEstimator::find(const ledger::FeederSlot& slot) {
  if (std::string problem = problem_of(slot); !problem.empty()) return ledger::failure(problem);
  const double hours = static_cast<double>(slot.slot_ms) / 3'600'000;
  take(slot, hours);
  assume_the_others();
  const auto losses_w = losses_at_means_w();
  if (!losses_w) return ledger::failure(losses_w.error());
  measure(slot, hours, losses_share * *losses_w);
  auto bad_data = find_bad_data(estimator_, measurements_);
  without_feeder_energy_ = bad_data && !bad_data->first.converged;
  if (without_feeder_energy_) {
    leave_out_feeder_energy();
    bad_data = find_bad_data(estimator_, measurements_);
  }
  if (!bad_data) return ledger::failure(bad_data.error());
  if (!bad_data->first.converged)
    return ledger::failure("the state estimation did not converge, at bus \"" +
                           network_.buses[bad_data->first.worst_bus].name + "\"");
  bad_data_ = std::move(*bad_data);
  ledger::FeederFindings out;
  sum_up(slot, hours, *losses_w, out);
  judge(out);
  return ledger::complete(out);
}

std::string FeederEstimator::problem_of(const ledger::FeederSlot& slot) const {
  if (slot.slot_ms <= 0 || slot.slot_ms > longest_slot_ms)
    return "a slot of " + std::to_string(slot.slot_ms) + " ms";
  if (slot.feeder_meter.meter != feeder_meter_.meter)
    return name_of(slot.feeder_meter.meter) + " is not the feeder's";
  if (slot.feeder_meter.quarantined) return "the feeder meter itself is quarantined";
  if (std::string problem = problem_of_energies(slot.feeder_meter); !problem.empty())
    return problem;
  std::vector<bool> seen(points_.size());
  for (const PointEnergy& home : slot.homes) {
    const auto point = point_of_meter_.find(home.meter.value);
    if (point == point_of_meter_.end()) return name_of(home.meter) + " is not on this feeder";
    if (seen[point->second]) return name_of(home.meter) + " comes twice";
    seen[point->second] = true;
    if (std::string problem = problem_of_energies(home); !problem.empty()) return problem;
  }
  return {};
}

// What homes' meters say that are believed.
void FeederEstimator::take(const ledger::FeederSlot& slot, double hours) {
  draws_.assign(network_.connections.size(), {});
  for (const PointEnergy& home : slot.homes) {
    if (home.quarantined) continue;
    const MeteringPoint& point = points_[point_of_meter_.at(home.meter.value)];
    Draw& d = draws_[point.connection];
    d.import_w = watts(home.import_energy, hours);
    d.export_w = watts(home.export_energy, hours);
    d.watts = d.import_w - d.export_w;
    d.sigma_w = sigma_w(point.meter_class, d.import_w, d.export_w);
    d.from = &home;
  }
}

void FeederEstimator::assume_the_others() {
  double count = 0, sum = 0, squares = 0;
  for (const Draw& d : draws_) {
    if (!d.from) continue;
    ++count;
    sum += d.watts;
    squares += d.watts * d.watts;
  }
  const double mean_w = count > 0 ? sum / count : 0;
  const double spread_w =
      count > 1 ? std::sqrt(std::max(0.0, squares / count - mean_w * mean_w)) : 0;
  std::vector<bool> has_meter(draws_.size());
  for (const MeteringPoint& p : points_) has_meter[p.connection] = true;
  for (std::size_t c = 0; c < draws_.size(); ++c) {
    Draw& d = draws_[c];
    if (d.from) continue;
    const Phases& va = network_.connections[c].draw_va;
    d.watts = has_meter[c] ? mean_w : (va[0] + va[1] + va[2]).real();
    d.sigma_w = has_meter[c] ? std::max(spread_w, unmetered_floor_w)
                             : std::abs(d.watts) / 2 + unmetered_floor_w / 10;
    (d.watts > 0 ? d.import_w : d.export_w) = std::abs(d.watts);
  }
}

ledger::Result<double> FeederEstimator::losses_at_means_w() {
  std::vector<Phases> draw_va(draws_.size());
  for (std::size_t c = 0; c < draws_.size(); ++c) {
    const Connection& connection = network_.connections[c];
    const double tan_phi = std::tan(std::acos(connection.power_factor));
    const double legs = std::popcount(static_cast<unsigned>(connection.phases & all_phases));
    for (unsigned p = 0; p < 3; ++p)
      if (connection.phases >> p & 1)
        draw_va[c][p] = Complex(draws_[c].watts, tan_phi * draws_[c].import_w) / legs;
  }
  const PowerFlowResult& flow = power_flow_.solve(draw_va);
  if (!flow.converged)
    return ledger::failure(
        "no state of the feeder has these powers: the power flow did not converge");
  double sum = flow.shunt_va.real();
  for (const double w : flow.losses_w) sum += w;
  return std::max(0.0, sum);
}

void FeederEstimator::measure(const ledger::FeederSlot& slot, double hours, double losses_sigma_w) {
  measurements_.clear();
  origins_.clear();
  for (std::uint32_t c = 0; c < draws_.size(); ++c) {
    const Draw& d = draws_[c];
    const Connection& connection = network_.connections[c];
    const auto origin = [&](MeteredQuantity q) {
      return d.from ? Origin{d.from->meter, q} : Origin{};
    };
    const double through_w = d.import_w + d.export_w;
    const double tan_phi = std::tan(std::acos(connection.power_factor));
    add({Quantity::active_power, c, d.watts, d.sigma_w}, origin(MeteredQuantity::energy));
    add({Quantity::reactive_power, c, tan_phi * d.import_w,
         reactive_share * through_w + reactive_floor_var},
        origin(MeteredQuantity::reactive_power));
    const bool three_phase = (connection.phases & (connection.phases - 1)) != 0;
    if (three_phase) {
      const double share_w = share_share * through_w + share_floor_w;
      add({Quantity::active_shares, c, 0, share_w}, origin(MeteredQuantity::phase_shares));
      add({Quantity::reactive_shares, c, 0, share_w / 2}, origin(MeteredQuantity::phase_shares));
    }
    if (d.from) measure_voltage(Quantity::voltage, c, *d.from, three_phase);
  }
  const PointEnergy& feeder = slot.feeder_meter;
  const double import_w = watts(feeder.import_energy, hours);
  const double export_w = watts(feeder.export_energy, hours);
  add({Quantity::active_flow, head_, import_w - export_w,
       std::hypot(sigma_w(feeder_meter_.meter_class, import_w, export_w), losses_sigma_w)},
      {feeder.meter, MeteredQuantity::energy});
  measure_voltage(Quantity::bus_voltage, feeder_meter_.voltage_bus, feeder, true);
}

void FeederEstimator::leave_out_feeder_energy() {
  for (std::size_t k = measurements_.size(); k-- > 0;) {
    if (measurements_[k].quantity != Quantity::active_flow) continue;
    measurements_.erase(measurements_.begin() + static_cast<std::ptrdiff_t>(k));
    origins_.erase(origins_.begin() + static_cast<std::ptrdiff_t>(k));
  }
}

void FeederEstimator::measure_voltage(Quantity quantity, std::uint32_t element,
                                      const PointEnergy& from, bool three_phase) {
  if (from.mean_voltage_mv == 0) return;
  const double spread_v = three_phase ? phase_spread_v : 0;
  const double volts = static_cast<double>(from.mean_voltage_mv) / 1000 + 0.5;
  add({quantity, element, volts + least_of_three * spread_v,
       std::hypot(voltage_limit * volts / sqrt3, 1 / std::sqrt(12.0),
                  least_of_three_sigma * spread_v)},
      {from.meter, MeteredQuantity::voltage});
}

void FeederEstimator::add(Measurement measurement, Origin origin) {
  measurements_.push_back(measurement);
  origins_.push_back(origin);
}

void FeederEstimator::sum_up(const ledger::FeederSlot& slot, double hours, double losses_w,
                             ledger::FeederFindings& out) const {
  out.feeder = slot.feeder;
  out.slot = slot.slot;
  out.feeder_import = slot.feeder_meter.import_energy;
  out.feeder_export = slot.feeder_meter.export_energy;
  for (const PointEnergy& home : slot.homes) {
    ++(home.quarantined ? out.quarantined : out.metered);
    if (home.quarantined) continue;
    out.homes_import += home.import_energy;
    out.homes_export += home.export_energy;
  }
  out.missing = static_cast<std::uint32_t>(points_.size() - slot.homes.size());
  const double import_w = watts(out.feeder_import, hours),
               export_w = watts(out.feeder_export, hours);
  const double feeder_sigma_w = sigma_w(feeder_meter_.meter_class, import_w, export_w);
  double variance = feeder_sigma_w * feeder_sigma_w, unmetered_w = 0;
  for (const Draw& d : draws_) {
    variance += d.sigma_w * d.sigma_w;
    if (!d.from) unmetered_w += d.watts;
  }
  out.unmetered = energy_of(unmetered_w, hours);
  out.meters_sigma = std::max(energy_of(std::sqrt(variance), hours), MilliWattHours{1});
  out.losses = energy_of(losses_w, hours);
  out.losses_sigma = energy_of(losses_share * losses_w, hours);
}

void FeederEstimator::judge(ledger::FeederFindings& out) const {
  const Estimate& estimate = bad_data_.first;
  out.iterations = static_cast<std::uint8_t>(std::min(estimate.iterations, 255));
  out.degrees_of_freedom = static_cast<std::uint32_t>(estimate.degrees_of_freedom);
  if (estimate.degrees_of_freedom > 0) out.chi_square = thousandths(estimate.objective);
  out.removed = static_cast<std::uint32_t>(bad_data_.removed.size()) + without_feeder_energy_;
  const auto size = [&](std::size_t k) { return std::abs(estimate.residuals[k].normalised); };
  std::optional<std::size_t> largest;
  for (std::size_t k = 0; k < origins_.size(); ++k) {
    if (origins_[k].quantity == MeteredQuantity::none) continue;
    const bool is_metered = origins_[k].quantity == MeteredQuantity::energy ||
                            origins_[k].quantity == MeteredQuantity::voltage;
    if (estimate.residuals[k].critical)
      out.undetectable += is_metered ? 1 : 0;
    else if (!largest || size(k) > size(*largest))
      largest = k;
  }
  if (!largest) return;
  out.largest_residual = thousandths(size(*largest));
  out.suspect = origins_[*largest].meter;
  out.quantity = origins_[*largest].quantity;
  for (std::size_t k = 0; k < origins_.size(); ++k)
    if (k != *largest && size(k) >= 0.99 * size(*largest)) ++out.alike;
}

}  // namespace twin
