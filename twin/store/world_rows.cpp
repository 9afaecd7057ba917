#include "twin/store/world_rows.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ledger/base/invariant.hpp"

namespace twin {
namespace {

void add_homes(FeederMinute& sum, std::span<const HomeState> homes) {
  for (const HomeState& home : homes) {
    sum.load_w += home.load_w;
    sum.ev_w += home.ev_w;
    sum.heat_pump_w += home.heat_pump_w;
    sum.pv_w += home.pv_w;
    sum.battery_w += home.battery_w;
  }
}

void add_others(FeederMinute& sum, const OthersState& others) {
  sum.load_w += others.drawn_w;
  sum.pv_w += others.fed_in_w;
}

void add_grid(FeederMinute& sum, const PowerFlowResult& grid, std::size_t lines) {
  sum.import_w += grid.source_va.real();
  sum.pv_w += grid.generator_va.real();
  sum.losses_w += grid.shunt_va.real();
  for (const double losses : grid.losses_w) sum.losses_w += losses;
  for (std::size_t i = 0; i < grid.loading.size(); ++i) {
    sum.max_loading = std::max(sum.max_loading, grid.loading[i]);
    if (i >= lines) sum.transformer_loading = std::max(sum.transformer_loading, grid.loading[i]);
  }
}

// Of the connections' own phases, as the totals of the grid have it.
void widen_voltage(FeederMinute& sum, const Network& network, const PowerFlowResult& grid) {
  for (const Connection& c : network.connections) {
    const double nominal_v = c.nominal_v > 0 ? c.nominal_v : network.buses[c.bus].nominal_v;
    for (unsigned phase = 0; phase < 3; ++phase) {
      const double pu = std::abs(grid.voltage_v[c.bus][phase]) / nominal_v;
      if (!(pu > 0) || !(c.phases >> phase & 1)) continue;
      sum.v_min_pu = sum.v_min_pu > 0 ? std::min(sum.v_min_pu, pu) : pu;
      sum.v_max_pu = std::max(sum.v_max_pu, pu);
    }
  }
}

}  // namespace

Snapshot snapshot_of(const World& world, const RunDescription& run) {
  const Network& network = world.network();
  const PowerFlowResult& grid = world.grid();
  ledger::invariant(run.buses.size() == network.buses.size(), "the run's own buses");
  Snapshot out;
  out.time = world.now();
  out.bus_v_pu.resize(3 * network.buses.size());
  for (std::size_t bus = 0; bus < grid.voltage_v.size(); ++bus)
    for (std::size_t phase = 0; phase < 3; ++phase)
      out.bus_v_pu[3 * bus + phase] =
          static_cast<float>(std::abs(grid.voltage_v[bus][phase]) / run.buses[bus].nominal_v);
  out.branch_loading.assign(grid.loading.begin(), grid.loading.end());
  out.branch_loading.resize(network.lines.size() + network.transformers.size());
  ledger::invariant(world.homes().size() == run.homes.size(), "the run's own homes");
  for (std::size_t i = 0; i < run.homes.size(); ++i) {
    const HomeState& home = world.homes()[i];
    const Complex draw = home.draw_va[0] + home.draw_va[1] + home.draw_va[2];
    out.home_w.push_back(static_cast<float>(draw.real()));
    out.home_pv_w.push_back(static_cast<float>(home.pv_w));
    const bool battery = run.homes[i].battery_wh > 0;
    out.home_battery.push_back(battery ? static_cast<float>(home.battery_charge) : -1.0f);
  }
  return out;
}

void MinuteSum::add(const World& world) {
  ++steps_;
  sum_.time = world.now();
  add_homes(sum_, world.homes());
  add_others(sum_, world.others());
  add_grid(sum_, world.grid(), world.network().lines.size());
  widen_voltage(sum_, world.network(), world.grid());
}

FeederMinute MinuteSum::take() {
  ledger::invariant(steps_ > 0, "a minute has steps");
  FeederMinute out = std::exchange(sum_, {});
  const double share = 1.0 / std::exchange(steps_, 0);
  for (double* power : {&out.load_w, &out.ev_w, &out.heat_pump_w, &out.pv_w, &out.battery_w,
                        &out.import_w, &out.losses_w})
    *power *= share;
  return out;
}

}  // namespace twin
