#include "twin/store/run_format.hpp"

#include <deque>

#include "twin/grid/model/network.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {
namespace {

RunMeta run_meta(const Scenario& scenario) {
  RunMeta out;
  out.scenario = scenario.name;
  out.epoch = scenario.time.start;
  out.seed = scenario.seed;
  out.duration = scenario.time.duration;
  out.slot = scenario.time.market_slot;
  out.v_min_pu = scenario.grid.v_min_pu;
  out.v_max_pu = scenario.grid.v_max_pu;
  out.max_loading = scenario.grid.max_loading;
  out.mechanism = scenario.market.mechanism;
  out.retail_buy_micro_eur_per_kwh = scenario.prices.retail_buy.value;
  out.retail_sell_micro_eur_per_kwh = scenario.prices.retail_sell.value;
  return out;
}

HomeRow home_of(const HomeSpec& spec, const Network& network) {
  const Connection& connection = network.connections.at(spec.connection);
  return {spec.name,
          connection.bus,
          connection.phases,
          spec.pv ? spec.pv->peak_kw * 1000 : 0,
          spec.battery ? spec.battery->capacity_kwh * 1000 : 0,
          spec.ev.has_value(),
          spec.heat_pump.has_value()};
}

std::string targets_of(const ValidatorFault& fault) {
  std::string out;
  for (const std::string& name : names_of_targets(fault)) out += (out.empty() ? "" : ", ") + name;
  return out;
}

FaultRow fault_row(const std::string& kind, ledger::Duration at, ledger::Duration length,
                   const std::string& targets) {
  return {ledger::Instant{} + at, ledger::Instant{} + at + length, kind, targets};
}

}  // namespace

std::vector<double> customers_nominal_v(const Network& network) {
  std::vector<double> out(network.buses.size(), 0);
  std::deque<std::uint32_t> fresh;
  const auto set = [&](std::uint32_t bus, double nominal_v) {
    if (out[bus] > 0) return;
    out[bus] = nominal_v;
    fresh.push_back(bus);
  };
  for (const Connection& c : network.connections)
    set(c.bus, c.nominal_v > 0 ? c.nominal_v : network.buses[c.bus].nominal_v);
  std::vector<std::vector<std::uint32_t>> beside(network.buses.size());
  for (const Line& line : network.lines) {
    beside[line.from].push_back(line.to);
    beside[line.to].push_back(line.from);
  }
  for (; !fresh.empty(); fresh.pop_front())
    for (const std::uint32_t bus : beside[fresh.front()]) set(bus, out[fresh.front()]);
  for (std::size_t bus = 0; bus < out.size(); ++bus)
    if (!(out[bus] > 0)) out[bus] = network.buses[bus].nominal_v;
  return out;
}

std::optional<double> SlotRow::mean_price_micro_eur_per_kwh() const {
  if (traded_wh <= 0) return std::nullopt;
  if (price_micro_eur_per_kwh) return static_cast<double>(*price_micro_eur_per_kwh);
  return 1000 * static_cast<double>(turnover_micro_eur) / static_cast<double>(traded_wh);
}

RunDescription describe(const Scenario& scenario, const Network& network) {
  RunDescription out{run_meta(scenario), {}, {}, {}, {}};
  const std::vector<double> nominal_v = customers_nominal_v(network);
  for (std::size_t b = 0; b < network.buses.size(); ++b) {
    const Bus& bus = network.buses[b];
    out.buses.push_back({bus.name, bus.x, bus.y, nominal_v[b]});
  }
  for (const Line& line : network.lines)
    out.branches.push_back({BranchKind::line, line.name, line.from, line.to, line.rated_a});
  for (const Transformer& t : network.transformers)
    out.branches.push_back({BranchKind::transformer, t.name, t.from, t.to, t.rated_va});
  for (const HomeSpec& home : scenario.homes) out.homes.push_back(home_of(home, network));
  for (const FaultSpec& f : scenario.faults)
    out.faults.push_back(fault_row(f.kind, f.at, f.length, ""));
  for (const ValidatorFault& f : scenario.validator_faults)
    out.faults.push_back(fault_row(names_of_validator_faults()[static_cast<std::size_t>(f.kind)],
                                   f.at, f.length, targets_of(f)));
  return out;
}

const char* run_schema() {
  return R"sql(
CREATE TABLE meta(
  only INTEGER PRIMARY KEY CHECK (only = 1),
  scenario TEXT NOT NULL, epoch TEXT NOT NULL, seed TEXT NOT NULL,
  duration_ms INTEGER NOT NULL, slot_ms INTEGER NOT NULL,
  v_min_pu REAL NOT NULL, v_max_pu REAL NOT NULL, max_loading REAL NOT NULL,
  mechanism TEXT NOT NULL,
  retail_buy_micro_eur_per_kwh INTEGER NOT NULL,
  retail_sell_micro_eur_per_kwh INTEGER NOT NULL) STRICT;
CREATE TABLE bus(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL,
  x_m REAL NOT NULL, y_m REAL NOT NULL, nominal_v REAL NOT NULL) STRICT;
CREATE TABLE branch(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('line', 'transformer')),
  name TEXT NOT NULL,
  from_bus INTEGER NOT NULL REFERENCES bus(id), to_bus INTEGER NOT NULL REFERENCES bus(id),
  rated REAL NOT NULL) STRICT;
CREATE TABLE home(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL,
  bus INTEGER NOT NULL REFERENCES bus(id), phases INTEGER NOT NULL,
  pv_peak_w REAL NOT NULL, battery_wh REAL NOT NULL,
  has_ev INTEGER NOT NULL, has_heat_pump INTEGER NOT NULL) STRICT;
CREATE TABLE snapshot(
  time_ms INTEGER PRIMARY KEY,
  bus_v_pu BLOB NOT NULL, branch_loading BLOB NOT NULL,
  home_w BLOB NOT NULL, home_pv_w BLOB NOT NULL, home_battery BLOB NOT NULL,
  price_eur_per_kwh REAL, traded_kwh REAL NOT NULL, height INTEGER NOT NULL) STRICT;
CREATE TABLE feeder_minute(
  time_ms INTEGER PRIMARY KEY,
  load_w REAL NOT NULL, ev_w REAL NOT NULL, heat_pump_w REAL NOT NULL, pv_w REAL NOT NULL,
  battery_w REAL NOT NULL, import_w REAL NOT NULL, losses_w REAL NOT NULL,
  max_loading REAL NOT NULL, transformer_loading REAL NOT NULL,
  v_min_pu REAL NOT NULL, v_max_pu REAL NOT NULL) STRICT;
CREATE TABLE slot(
  slot INTEGER PRIMARY KEY, start_ms INTEGER NOT NULL,
  price_micro_eur_per_kwh INTEGER, traded_wh INTEGER NOT NULL, turnover_micro_eur INTEGER NOT NULL,
  orders_buy_wh INTEGER NOT NULL, orders_sell_wh INTEGER NOT NULL,
  import_wh INTEGER NOT NULL, export_wh INTEGER NOT NULL,
  forecast_wh INTEGER, actual_wh INTEGER NOT NULL) STRICT;
CREATE TABLE statement(
  account TEXT NOT NULL, home INTEGER NOT NULL REFERENCES home(id), slot INTEGER NOT NULL,
  import_wh INTEGER NOT NULL, export_wh INTEGER NOT NULL,
  bought_wh INTEGER NOT NULL, sold_wh INTEGER NOT NULL,
  trade_micro_eur INTEGER NOT NULL, retail_micro_eur INTEGER NOT NULL,
  fees_micro_eur INTEGER NOT NULL, capacity_micro_eur INTEGER NOT NULL,
  peak_wh INTEGER, total_micro_eur INTEGER NOT NULL,
  baseline_micro_eur INTEGER NOT NULL) STRICT;
CREATE TABLE block(
  height INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, transactions INTEGER NOT NULL,
  rounds INTEGER NOT NULL, finality_ms REAL NOT NULL, bytes INTEGER NOT NULL,
  due_ms INTEGER NOT NULL, decided_ms INTEGER NOT NULL,
  messages INTEGER NOT NULL, message_bytes INTEGER NOT NULL) STRICT;
CREATE TABLE fault(
  start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, kind TEXT NOT NULL,
  targets TEXT NOT NULL) STRICT;
CREATE TABLE alert(
  id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  value REAL NOT NULL, limit_value REAL NOT NULL, words TEXT NOT NULL, cleared_ms INTEGER) STRICT;
CREATE TABLE grid_event(
  start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, kind TEXT NOT NULL, element TEXT NOT NULL,
  depth REAL NOT NULL, deepest_ms INTEGER NOT NULL, cause TEXT NOT NULL) STRICT;
CREATE TABLE branch_figure(
  branch INTEGER PRIMARY KEY REFERENCES branch(id), max_loading REAL NOT NULL,
  overload_minutes REAL NOT NULL, overload_kwh REAL NOT NULL, losses_kwh REAL NOT NULL) STRICT;
CREATE TABLE supply(
  connection TEXT NOT NULL, v_min_pu REAL NOT NULL, v_max_pu REAL NOT NULL,
  minutes_outside REAL NOT NULL, ten_minutes INTEGER NOT NULL, ten_minutes_inside INTEGER NOT NULL,
  ten_minute_min_pu REAL NOT NULL, ten_minute_max_pu REAL NOT NULL,
  max_unbalance REAL NOT NULL) STRICT;
CREATE TABLE posting(
  id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, slot INTEGER NOT NULL, kind TEXT NOT NULL,
  debit TEXT NOT NULL, credit TEXT NOT NULL, amount_micro_eur INTEGER NOT NULL) STRICT;
)sql";
}

}  // namespace twin
