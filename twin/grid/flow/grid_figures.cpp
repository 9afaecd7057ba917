#include "twin/grid/flow/grid_figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace twin {

using ledger::Duration;
using ledger::Instant;

namespace {

constexpr double ten_minutes_s = 600;
constexpr double share_wanted = 0.95;      // EN 50160: of the ten-minute means
constexpr double lowest_of_all_pu = 0.85;  // EN 50160: every ten-minute mean
constexpr double largest_gap_s = 60;

double power_base_va(const Network& net, std::uint32_t branch) {
  if (branch >= net.lines.size()) return net.transformers[branch - net.lines.size()].rated_va;
  const Line& l = net.lines[branch];
  return 3 * l.rated_a * net.buses[l.from].nominal_v;
}

// |V2| / |V1|; 0 where there is no voltage.
double unbalance(const Phases& v) {
  const Complex a = std::polar(1.0, 2 * std::numbers::pi / 3);
  const double positive = std::abs(v[0] + a * v[1] + a * a * v[2]);
  const double negative = std::abs(v[0] + a * a * v[1] + a * v[2]);
  return positive > 0 ? negative / positive : 0;
}

constexpr std::array kinds{GridEventKind::overload, GridEventKind::low_voltage,
                           GridEventKind::high_voltage, GridEventKind::unbalance,
                           GridEventKind::unsolved};

bool deeper(GridEventKind kind, double depth, double than) {
  return kind == GridEventKind::low_voltage ? depth < than : depth > than;
}

}  // namespace

std::string_view to_text(GridEventKind kind) {
  switch (kind) {
    case GridEventKind::overload:
      return "overload";
    case GridEventKind::low_voltage:
      return "low_voltage";
    case GridEventKind::high_voltage:
      return "high_voltage";
    case GridEventKind::unbalance:
      return "unbalance";
    case GridEventKind::unsolved:
      break;
  }
  return "unsolved";
}

std::string_view to_text(GridCause cause) {
  switch (cause) {
    case GridCause::feed_in:
      return "feed-in";
    case GridCause::households:
      return "households";
    case GridCause::cars:
      return "cars";
    case GridCause::heat_pumps:
      return "heat pumps";
    case GridCause::batteries:
      return "batteries";
    case GridCause::unknown:
      break;
  }
  return "unknown";
}

GridFigures::GridFigures(const Network& network, const Topology& topology, GridLimits limits)
    : network_(network), limits_(limits) {
  const auto branches = static_cast<std::uint32_t>(branch_count(network));
  for (std::uint32_t b = 0; b < branches; ++b) {
    power_base_va_.push_back(power_base_va(network, b));
    const BranchEnds ends = branch_ends(network, b);
    const bool in_tree = topology.feeding_branch[ends.to] == b;
    // A line that closes a loop has no side of its own: all that is fed stands beyond it.
    const bool reversed = topology.feeding_branch[ends.from] == b;
    lower_end_.push_back(in_tree ? ends.to : reversed ? ends.from : network.sources[0].bus);
  }
  for (const Connection& c : network.connections) {
    nominal_v_.push_back(leg_nominal_v(network, c));
    three_phase_.push_back(topology.live[c.bus] == all_phases);
  }
  // Places of a walk in which every subtree stands in one piece: sizes from the leaves up, then
  // places from the root down.
  const std::size_t buses = network.buses.size();
  std::vector<std::uint32_t> size(buses, 1), next(buses, 0);
  for (auto b = topology.order.rbegin(); b != topology.order.rend(); ++b)
    if (topology.parent[*b] != *b) size[topology.parent[*b]] += size[*b];
  first_.assign(buses, none);
  last_.assign(buses, 0);
  for (const std::uint32_t b : topology.order) {
    const std::uint32_t up = topology.parent[b];
    first_[b] = up == b ? 0 : next[up];
    if (up != b) next[up] += size[b];
    next[b] = first_[b] + 1;
    last_[b] = first_[b] + size[b];
  }
  branches_.resize(branches);
  supplies_.resize(network.connections.size());
  running_.resize(network.connections.size());
  for (const GridEventKind kind : kinds) {
    open_of_kind_.push_back(open_.size());
    const std::size_t elements = kind == GridEventKind::overload   ? branches
                                 : kind == GridEventKind::unsolved ? buses
                                                                   : network.connections.size();
    open_.resize(open_.size() + elements, none);
  }
}

void GridFigures::add(Instant end, Duration step, const PowerFlowResult& result,
                      std::span<const HomeDraw> homes, double transformer_factor) {
  begin_ = end - step;
  end_ = end;
  ++totals_.power_flows;
  if (!result.converged) {
    ++totals_.not_converged;
    if (!(result.worst_mismatch_pu <= worst_mismatch_pu_)) {
      worst_mismatch_pu_ = result.worst_mismatch_pu;
      totals_.unsolved_bus = network_.buses[result.worst_bus].name;
    }
    note(GridEventKind::unsolved, result.worst_bus, result.worst_bus, true,
         result.worst_mismatch_pu, homes);
    return;
  }
  add_branches(step.seconds() / 3600, result, homes, transformer_factor);
  add_supplies(step.seconds(), result, homes);
  count_tap_changes(result.tap);
}

void GridFigures::count_tap_changes(std::span<const double> taps) {
  for (std::size_t c = 0; c < taps_.size(); ++c)
    totals_.tap_changes += static_cast<std::uint64_t>(
        std::llround(std::abs(taps[c] - taps_[c]) / network_.tap_controls[c].tap_step));
  taps_.assign(taps.begin(), taps.end());
}

void GridFigures::add_branches(double hours, const PowerFlowResult& result,
                               std::span<const HomeDraw> homes, double transformer_factor) {
  bool overloaded = false;
  for (std::uint32_t b = 0; b < branches_.size(); ++b) {
    BranchFigures& f = branches_[b];
    const bool transformer = b >= network_.lines.size();
    const double limit = limits_.max_loading * (transformer ? transformer_factor : 1);
    const double loading = result.loading[b], excess = loading - limit;
    f.losses_kwh += result.losses_w[b] * hours / 1000;
    if (loading > f.max_loading) f.max_loading = loading;
    if (loading > totals_.max_loading) {
      totals_.max_loading = loading;
      totals_.worst_element = branch_name(network_, b);
    }
    if (excess > 0) {
      overloaded = true;
      f.overload_minutes += hours * 60;
      f.overload_kwh += excess * power_base_va_[b] * hours / 1000;
      totals_.overload_kwh += excess * power_base_va_[b] * hours / 1000;
    }
    note(GridEventKind::overload, b, lower_end_[b], excess > 0, loading, homes);
  }
  if (overloaded) totals_.overload_minutes += hours * 60;
}

void GridFigures::add_supplies(double seconds, const PowerFlowResult& result,
                               std::span<const HomeDraw> homes) {
  bool outside = false;
  for (std::uint32_t c = 0; c < supplies_.size(); ++c) {
    const Connection& connection = network_.connections[c];
    const Phases& v = result.voltage_v[connection.bus];
    SupplyFigures& f = supplies_[c];
    double low = 10, high = 0;
    for (unsigned p = 0; p < 3; ++p) {
      if (!(connection.phases >> p & 1)) continue;
      const double pu = std::abs(leg_voltage(connection, v, p)) / nominal_v_[c];
      running_[c].square_pu_s[p] += pu * pu * seconds;
      low = std::min(low, pu);
      high = std::max(high, pu);
    }
    f.v_min_pu = std::min(f.v_min_pu, low);
    f.v_max_pu = std::max(f.v_max_pu, high);
    const bool is_low = low<limits_.v_min_pu, is_high = high> limits_.v_max_pu;
    if (is_low || is_high) f.minutes_outside += seconds / 60;
    outside = outside || is_low || is_high;
    note(GridEventKind::low_voltage, c, connection.bus, is_low, low, homes);
    note(GridEventKind::high_voltage, c, connection.bus, is_high, high, homes);
    if (!three_phase_[c]) continue;
    const double share = unbalance(v);
    running_[c].unbalance_s += share * seconds;
    note(GridEventKind::unbalance, c, connection.bus, share > limits_.max_unbalance, share, homes);
  }
  if (outside) totals_.voltage_violation_minutes += seconds / 60;
  running_s_ += seconds;
  if (running_s_ >= ten_minutes_s) close_ten_minutes();
}

void GridFigures::close_ten_minutes() {
  for (std::uint32_t c = 0; c < supplies_.size(); ++c) {
    SupplyFigures& f = supplies_[c];
    double low = 10, high = 0;
    for (unsigned p = 0; p < 3; ++p) {
      if (!(network_.connections[c].phases >> p & 1)) continue;
      const double mean = std::sqrt(running_[c].square_pu_s[p] / running_s_);
      low = std::min(low, mean);
      high = std::max(high, mean);
    }
    ++f.ten_minutes;
    if (low >= limits_.v_min_pu && high <= limits_.v_max_pu) ++f.ten_minutes_inside;
    f.ten_minute_min_pu = std::min(f.ten_minute_min_pu, low);
    f.ten_minute_max_pu = std::max(f.ten_minute_max_pu, high);
    const double mean_unbalance = running_[c].unbalance_s / running_s_;
    if (mean_unbalance <= limits_.max_unbalance) ++f.balanced_ten_minutes;
    f.max_unbalance = std::max(f.max_unbalance, mean_unbalance);
    running_[c] = {};
  }
  running_s_ = 0;
}

// Begins, deepens or lets go on an event of one element.
void GridFigures::note(GridEventKind kind, std::uint32_t element, std::uint32_t bus, bool outside,
                       double depth, std::span<const HomeDraw> homes) {
  if (!outside) return;
  std::uint32_t& open = open_[open_of_kind_[static_cast<std::size_t>(kind)] + element];
  const bool goes_on = open != none && (begin_ - events_[open].end).seconds() < largest_gap_s;
  if (!goes_on) {
    ++totals_.events;
    if (events_.size() == max_events) return;
    open = static_cast<std::uint32_t>(events_.size());
    events_.push_back({kind, element, begin_, end_, depth, end_, cause_beyond(bus, homes)});
    return;
  }
  GridEvent& event = events_[open];
  event.end = end_;
  if (!deeper(kind, depth, event.depth)) return;
  event.depth = depth;
  event.deepest = end_;
  event.cause = cause_beyond(bus, homes);
}

bool GridFigures::lies_beyond(std::uint32_t bus, std::uint32_t top) const {
  return first_[bus] != none && first_[bus] >= first_[top] && first_[bus] < last_[top];
}

GridCause GridFigures::cause_beyond(std::uint32_t bus, std::span<const HomeDraw> homes) const {
  HomeDraw sum;
  double charging_w = 0, discharging_w = 0;
  for (const HomeDraw& h : homes) {
    if (!lies_beyond(h.bus, bus)) continue;
    sum.load_w += h.load_w;
    sum.pv_w += h.pv_w;
    sum.ev_w += h.ev_w;
    sum.heat_pump_w += h.heat_pump_w;
    (h.battery_w > 0 ? charging_w : discharging_w) += std::abs(h.battery_w);
  }
  const double drawn_w = sum.load_w + sum.ev_w + sum.heat_pump_w + charging_w;
  const double fed_w = sum.pv_w + discharging_w;
  if (drawn_w == 0 && fed_w == 0) return GridCause::unknown;
  if (fed_w > drawn_w) return discharging_w > sum.pv_w ? GridCause::batteries : GridCause::feed_in;
  const double most = std::max({sum.load_w, sum.ev_w, sum.heat_pump_w, charging_w});
  return most == sum.ev_w          ? GridCause::cars
         : most == sum.heat_pump_w ? GridCause::heat_pumps
         : most == charging_w      ? GridCause::batteries
                                   : GridCause::households;
}

GridTotals GridFigures::totals() const {
  GridTotals out = totals_;
  out.v_min_pu = supplies_.empty() ? 0 : 10;
  for (const SupplyFigures& f : supplies_) {
    out.v_min_pu = std::min(out.v_min_pu, f.v_min_pu);
    out.v_max_pu = std::max(out.v_max_pu, f.v_max_pu);
    out.max_unbalance = std::max(out.max_unbalance, f.max_unbalance);
    if (f.ten_minutes == 0) continue;
    const double share = static_cast<double>(f.ten_minutes_inside) / f.ten_minutes;
    out.least_share_inside = std::min(out.least_share_inside, share);
    const bool holds = share >= share_wanted && f.ten_minute_min_pu >= lowest_of_all_pu &&
                       f.ten_minute_max_pu <= limits_.v_max_pu;
    if (!holds) ++out.connections_outside;
  }
  return out;
}

std::string GridFigures::element_name(const GridEvent& event) const {
  switch (event.kind) {
    case GridEventKind::overload:
      return branch_name(network_, event.element);
    case GridEventKind::unsolved:
      return network_.buses[event.element].name;
    default:
      return network_.connections[event.element].name;
  }
}

}  // namespace twin
