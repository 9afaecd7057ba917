#pragma once
// What a grid went through: loading and voltage of every element over time, overload and its
// energy, voltage quality at every connection by EN 50160, unbalance, and events with their cause.
//
//   loading     of the rating; minutes and kWh above the limit (kWh: excess current at nominal
//               voltage)
//   voltage     per unit of the connection's own nominal voltage, over its legs
//   EN 50160    (2010, 4.2.2) root mean squares over ten minutes, counted from the run's start:
//               95 % of them within v_min..v_max, all within 0.85..v_max
//   unbalance   |V2| / |V1| of the sequence voltages; ten-minute means, 95 % of them below 2 %
//               (EN 50160, 4.2.4)
//   event       a time outside a limit; it goes on through gaps of less than a minute. Its cause is
//               what the homes beyond the element fed in or drew most of at its deepest moment.
// Only steps that converged count; those that did not are events of their own.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/time.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/grid/model/topology.hpp"

namespace twin {

struct GridLimits {
  double max_loading = 1, v_min_pu = 0.9, v_max_pu = 1.1, max_unbalance = 0.02;
};

// What one home does in a step, W, each >= 0 but the battery's (charging positive).
struct HomeDraw {
  std::uint32_t bus = 0;
  double load_w = 0, pv_w = 0, battery_w = 0, ev_w = 0, heat_pump_w = 0;
};

enum class GridEventKind : std::uint8_t {
  overload,
  low_voltage,
  high_voltage,
  unbalance,
  unsolved
};
enum class GridCause : std::uint8_t { unknown, feed_in, households, cars, heat_pumps, batteries };
std::string_view to_text(GridEventKind kind);
std::string_view to_text(GridCause cause);

struct GridEvent {
  GridEventKind kind = GridEventKind::overload;
  std::uint32_t element = 0;  // a branch for overload, a connection for voltages, else a bus
  ledger::Instant start, end;
  double depth = 0;         // loading, voltage in pu, |V2| / |V1|, or the mismatch in pu
  ledger::Instant deepest;  // end of the step with it
  GridCause cause = GridCause::unknown;
};

struct BranchFigures {
  double max_loading = 0;
  double overload_minutes = 0, overload_kwh = 0, losses_kwh = 0;
};

// At a connection.
struct SupplyFigures {
  double v_min_pu = 10, v_max_pu = 0;
  double minutes_outside = 0;
  std::uint32_t ten_minutes = 0, ten_minutes_inside = 0;  // means; of its worst leg
  double ten_minute_min_pu = 10, ten_minute_max_pu = 0;
  std::uint32_t balanced_ten_minutes = 0;  // of those with three phases
  double max_unbalance = 0;                // of ten-minute means
};

struct GridTotals {
  double overload_minutes = 0, overload_kwh = 0;  // any branch above its limit; energy above it
  double voltage_violation_minutes = 0;           // any connection's leg outside the band
  double max_loading = 0;
  double v_min_pu = 0, v_max_pu = 0;
  std::string worst_element;  // of max_loading
  std::uint64_t power_flows = 0, not_converged = 0;
  std::string unsolved_bus;       // where the flow moved most in the steps that did not converge
  double max_unbalance = 0;       // of ten-minute means
  double least_share_inside = 1;  // of ten-minute means, over connections
  std::uint32_t connections_outside = 0;  // that fail EN 50160's voltage band
  std::uint64_t events = 0;
  std::uint64_t tap_changes = 0;  // steps that regulators moved after the first power flow
};

class GridFigures {
 public:
  // The network must outlive it.
  GridFigures(const Network& network, const Topology& topology, GridLimits limits);

  // One step that ended at `end`. `transformer_factor`: of the limit, what transformers may carry
  // in it; loadings are of the nameplate all the same.
  void add(ledger::Instant end, ledger::Duration step, const PowerFlowResult& result,
           std::span<const HomeDraw> homes, double transformer_factor = 1);

  GridTotals totals() const;
  std::span<const BranchFigures> branches() const { return branches_; }
  std::span<const SupplyFigures> supplies() const { return supplies_; }
  // By their start; those that still go on end with the last step. At most max_events are kept.
  std::span<const GridEvent> events() const { return events_; }
  std::string element_name(const GridEvent& event) const;
  const std::string& connection_name(std::size_t connection) const {
    return network_.connections[connection].name;
  }

  static constexpr std::size_t max_events = 100'000;

 private:
  struct TenMinutes {  // sums over the running ten minutes
    double square_pu_s[3] = {};
    double unbalance_s = 0;
  };
  static constexpr std::uint32_t none = UINT32_MAX;

  void add_branches(double hours, const PowerFlowResult& result, std::span<const HomeDraw> homes,
                    double transformer_factor);
  void add_supplies(double seconds, const PowerFlowResult& result, std::span<const HomeDraw> homes);
  void count_tap_changes(std::span<const double> taps);
  void close_ten_minutes();
  void note(GridEventKind kind, std::uint32_t element, std::uint32_t bus, bool outside,
            double depth, std::span<const HomeDraw> homes);
  GridCause cause_beyond(std::uint32_t bus, std::span<const HomeDraw> homes) const;
  bool lies_beyond(std::uint32_t bus, std::uint32_t top) const;

  const Network& network_;
  GridLimits limits_;
  std::vector<double> power_base_va_, nominal_v_;  // by branch, by connection
  std::vector<std::uint32_t> lower_end_;           // by branch: the bus beyond it
  std::vector<std::uint32_t> first_, last_;        // by bus: its subtree in a walk of the tree
  std::vector<bool> three_phase_;                  // by connection: whether its bus is
  std::vector<BranchFigures> branches_;
  std::vector<SupplyFigures> supplies_;
  std::vector<TenMinutes> running_;
  double running_s_ = 0;
  std::vector<GridEvent> events_;
  std::vector<std::uint32_t> open_;  // by kind and element: place in events_, or none
  std::vector<std::size_t> open_of_kind_;
  ledger::Instant begin_, end_;    // of the current step
  std::vector<double> taps_;       // by tap control, of the last step that converged
  double worst_mismatch_pu_ = -1;  // of the steps that did not converge
  GridTotals totals_;
};

}  // namespace twin
