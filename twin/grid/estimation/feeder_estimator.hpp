#pragma once
// The oracle's evidence about a feeder (ledger/oracle/feeder_evidence.hpp) from its network: the
// energy balance and a state estimation's statistics.
//
// One estimate a market slot, of mean powers and mean voltages over it. Which meter gives what:
//
//   measurement                 from                      sigma
//   active power of a home      its registers' rise       limit of its class / sqrt 3 of import and
//                                                         of export, and least_power_w / sqrt 3
//   voltage of a home, busbar   its readings' mean, which voltage_limit / sqrt 3, and 1 / sqrt 12 V
//   of
//                               are whole volts rounded   rounding; on three phases, where the
//                               down: 0.5 V is added      reading is the lowest one, also that of
//                                                         the lowest of three that spread by
//                                                         phase_spread_v: 0.846 of it is added,
//                                                         sigma 0.475 of it
//   active power of the feeder  its registers' rise       of its class, and of the losses
//   reactive power of a home    assumed: its connection's reactive_share of import and export, and
//                               power factor of import    reactive_floor_var
//   shares of three phases      assumed: equal            share_share of import and export, and
//                                                         share_floor_w; half of it for reactive
//   a home without energy that  assumed: the mean of      the others' standard deviation, at least
//   counts                      those with                unmetered_floor_w
//   what has no meter           assumed: the grid file's  half of it, and unmetered_floor_w / 10
//   the source's voltage        assumed: the network's    5 % a phase
//
// A meter's error is taken as spread evenly over its class's limits (JCGM 100:2008, 4.3.7), the
// same in all slots and independent from meter to meter. The feeder meter stands at the source's
// bus.
//
// Losses are the branches' and shunts' in the power flow of the homes' mean powers, at the
// network's own source voltage. Not those of the estimated state: it may explain what is missing by
// more losses, and the balance would believe it. Their sigma, losses_share of them, covers
// conductors' temperature, voltage, unequal phases and powers that vary within the slot, which
// raise true losses above this; the same share widens the sigma of the feeder's measurement.
//
// Where homes and feeder meter contradict each other by some fifty sigma, J has several minima
// (more unbalance explains more losses) and the estimation may not converge. It is then made
// without the feeder meter's energy, which counts as removed: the balance, which needs no estimate,
// tells of it.

#include <map>

#include "ledger/oracle/feeder_evidence.hpp"
#include "twin/grid/estimation/bad_data.hpp"
#include "twin/grid/flow/power_flow.hpp"

namespace twin {

// EN 50470-3's accuracy classes; limits of the error at reference conditions.
enum class MeterClass : std::uint8_t { a, b, c };
constexpr double error_limit(MeterClass c) {
  return c == MeterClass::a ? 0.02 : c == MeterClass::b ? 0.01 : 0.005;
}

// Assumptions of the table above.
inline constexpr double least_power_w = 5;  // that a meter may not count
inline constexpr double voltage_limit = 0.005, phase_spread_v = 1;
inline constexpr double reactive_share = 0.25, reactive_floor_var = 50;
inline constexpr double share_share = 0.5, share_floor_w = 300;
inline constexpr double unmetered_floor_w = 1000;
inline constexpr double losses_share = 0.25;

struct MeteringPoint {
  ledger::MeterId meter;
  std::uint32_t connection = 0;
  MeterClass meter_class = MeterClass::b;
};

struct FeederMeter {
  ledger::MeterId meter;
  std::uint32_t voltage_bus = 0;  // where it measures voltage
  MeterClass meter_class = MeterClass::c;
};

class FeederEstimator final : public ledger::FeederEvidence {
 public:
  // Fails, saying why, where the network has not one source with one branch leaving its bus, where
  // an estimator cannot have it, and where metering points stand at no connection or share one.
  static ledger::Result<FeederEstimator> create(Network network, FeederMeter feeder_meter,
                                                std::vector<MeteringPoint> points);

  ledger::Result<ledger::FeederFindings> find(const ledger::FeederSlot& slot) override;

  // Of the last slot that was found: what was measured and what came of it.
  const std::vector<Measurement>& measurements() const { return measurements_; }
  const BadData& bad_data() const { return bad_data_; }

 private:
  struct Draw {  // of a connection, mean over the slot
    double watts = 0, sigma_w = 0, import_w = 0, export_w = 0;
    const ledger::PointEnergy* from = nullptr;  // null: assumed
  };
  struct Origin {
    ledger::MeterId meter;
    ledger::MeteredQuantity quantity = ledger::MeteredQuantity::none;  // none: of no meter
  };

  FeederEstimator(Network network, FeederMeter feeder_meter, std::vector<MeteringPoint> points,
                  std::uint32_t head);
  std::string problem_of(const ledger::FeederSlot& slot) const;
  void take(const ledger::FeederSlot& slot, double hours);
  void assume_the_others();
  ledger::Result<double> losses_at_means_w();
  void measure(const ledger::FeederSlot& slot, double hours, double losses_sigma_w);
  void leave_out_feeder_energy();
  void measure_voltage(Quantity quantity, std::uint32_t element, const ledger::PointEnergy& from,
                       bool three_phase);
  void add(Measurement measurement, Origin origin);
  void sum_up(const ledger::FeederSlot& slot, double hours, double losses_w,
              ledger::FeederFindings& out) const;
  void judge(ledger::FeederFindings& out) const;

  Network network_;
  FeederMeter feeder_meter_;
  std::vector<MeteringPoint> points_;
  std::map<std::uint32_t, std::size_t> point_of_meter_;
  std::uint32_t head_ = 0;  // the branch at the source
  StateEstimator estimator_;
  PowerFlow power_flow_;
  std::vector<Draw> draws_;  // by connection
  std::vector<Measurement> measurements_;
  std::vector<Origin> origins_;         // by measurement
  bool without_feeder_energy_ = false;  // left out of the measurements
  BadData bad_data_;
};

}  // namespace twin
