#include "twin/scenario/population.hpp"

#include <algorithm>
#include <vector>

#include "ledger/base/rng.hpp"

namespace twin {

using ledger::Duration;
using ledger::Rng;

namespace {

const std::vector<std::string> load_kinds{"household", "grid_profile", "bdew",
                                          "csv"};  // by LoadSpec::Kind

LoadRanges read_load(TomlTable t) {
  LoadRanges r;
  const std::string kind = t.one_of("kind", load_kinds[0], load_kinds);
  r.kind = static_cast<LoadSpec::Kind>(std::find(load_kinds.begin(), load_kinds.end(), kind) -
                                       load_kinds.begin());
  r.where_kind = t.where("kind");
  r.where_file = t.where("file");
  const bool bdew = r.kind == LoadSpec::Kind::bdew, csv = r.kind == LoadSpec::Kind::csv;
  r.file = t.text("file", "");
  if (r.file.empty() && (bdew || csv)) t.refuse("file", "the path of the load's CSV file");
  if (t.has("file") && !bdew && !csv) t.fail("file", "is for kinds \"bdew\" and \"csv\"");
  r.profile = t.one_of("profile", "H25", {"H25", "G25", "L25", "P25", "S25"});
  if (t.has("profile") && !bdew) t.fail("profile", "is for kind \"bdew\"");
  if (t.has("step")) {
    r.step = t.duration("step", ledger::hours(1));
    if (!csv) t.fail("step", "is for kind \"csv\"");
    if (*r.step > ledger::hours(24)) t.refuse("step", "at most 1d");
  }
  r.annual_kwh = t.range("annual_kwh", {2500, 5000}, 0, 1e6);
  r.power_factor = t.range("power_factor", {0.95, 0.95}, 0.5, 1);
  t.close();
  return r;
}

// In a population a device table without a share means all homes; without the table, none.
double read_share(TomlTable& t, bool population) {
  if (!t.present()) return 0;
  return population ? t.number("share", 1, 0, 1) : 1;
}

PvRanges read_pv(TomlTable t, bool population) {
  PvRanges r;
  r.share = read_share(t, population);
  r.peak_kw = t.range("peak_kw", {4, 10}, 0, 10'000);
  r.tilt_deg = t.range("tilt_deg", {30, 30}, 0, 90);
  r.azimuth_deg = t.range("azimuth_deg", {180, 180}, 0, 360);
  r.inverter_kw = t.range("inverter_kw", {0, 0}, 0, 10'000);
  t.close();
  return r;
}

BatteryRanges read_battery(TomlTable t, bool population) {
  BatteryRanges r;
  r.share = read_share(t, population);
  r.capacity_kwh = t.range("capacity_kwh", {5, 10}, 0.1, 100'000);
  r.power_kw = t.range("power_kw", {0, 0}, 0, 100'000);
  r.efficiency = t.range("efficiency", {0.95, 0.95}, 0.5, 1);
  r.standby_w = t.range("standby_w", {10, 10}, 0, 10'000);
  r.initial_charge = t.range("initial_charge", {0.3, 0.3}, 0, 1);
  t.close();
  return r;
}

EvRanges read_ev(TomlTable t, bool population) {
  EvRanges r;
  r.share = read_share(t, population);
  r.battery_kwh = t.range("battery_kwh", {40, 75}, 1, 1000);
  r.plug_kw = t.number("plug_kw", 11, 0.5, 350);
  r.phases = static_cast<int>(t.integer("phases", 3, 1, 3));
  if (r.phases == 2) t.refuse("phases", "1 or 3");
  r.daily_km = t.range("daily_km", {25, 45}, 0, 1000);
  r.kwh_per_km = t.range("kwh_per_km", {0.18, 0.18}, 0.05, 2);
  t.close();
  return r;
}

HeatPumpRanges read_heat_pump(TomlTable t, bool population) {
  HeatPumpRanges r;
  r.share = read_share(t, population);
  r.thermal_kw = t.range("thermal_kw", {6, 10}, 0.5, 1000);
  r.heat_loss = t.range("heat_loss_w_per_k", {120, 200}, 1, 100'000);
  r.capacity = t.range("capacity_kwh_per_k", {5, 8}, 0.1, 10'000);
  r.set_point = t.range("set_point_c", {20, 21.5}, 5, 30);
  r.tank = t.range("tank_litres", {200, 300}, 20, 10'000);
  t.close();
  return r;
}

AirConditionerRanges read_air_conditioner(TomlTable t, bool population) {
  AirConditionerRanges r;
  r.share = read_share(t, population);
  r.cooling_kw = t.range("cooling_kw", {2.5, 5}, 0.5, 1000);
  r.heat_loss = t.range("heat_loss_w_per_k", {120, 200}, 1, 100'000);
  r.capacity = t.range("capacity_kwh_per_k", {5, 8}, 0.1, 10'000);
  r.set_point = t.range("set_point_c", {23, 26}, 10, 40);
  r.window_m2 = t.range("window_m2", {2, 4}, 0, 1000);
  t.close();
  return r;
}

// One strategy for all, or a table of shares; what they leave is the default's.
StrategyShares read_strategy(TomlTable& t) {
  const std::vector<std::string>& names = ai::names_of_strategies();
  constexpr auto usual = static_cast<std::size_t>(ai::Strategy::zero_intelligence);
  StrategyShares out(names.size(), 0);
  if (!t.is_table("strategy")) {
    out[static_cast<std::size_t>(
        enum_named<ai::Strategy>(t.one_of("strategy", names[usual], names), names))] = 1;
    return out;
  }
  TomlTable shares = t.table("strategy");
  double sum = 0;
  for (std::size_t s = 0; s < names.size(); ++s) sum += out[s] = shares.number(names[s], 0, 0, 1);
  shares.close();
  if (sum > 1 + 1e-9) t.fail("strategy", "its shares are more than 1 together");
  out[usual] += std::max(0.0, 1 - sum);
  return out;
}

void read_devices(TomlTable& t, bool population, bool steered, Population& p) {
  p.load = read_load(t.table("load"));
  p.pv = read_pv(t.table("pv"), population);
  p.battery = read_battery(t.table("battery"), population);
  p.ev = read_ev(t.table("ev"), population);
  p.heat_pump = read_heat_pump(t.table("heat_pump"), population);
  p.air_conditioner = read_air_conditioner(t.table("air_conditioner"), population);
  p.strategy = read_strategy(t);
  const std::vector<std::string>& schedules = ai::names_of_schedules();
  p.schedule =
      enum_named<ai::Schedule>(t.one_of("schedule", schedules.front(), schedules), schedules);
  if (!steered && p.schedule != ai::Schedule::rule)
    t.refuse("schedule", "\"rule\" where no [[congestion]] gives homes a grid operator to follow");
  p.contracts = read_contracts(t, population);
  p.prefers = read_preference(t.table("prefer"), population);
}

double draw(Rng& rng, const Range& r) { return rng.uniform(r.low, r.high); }

ai::Strategy draw_strategy(const StrategyShares& shares, Rng& rng) {
  double left = rng.uniform();
  for (std::size_t s = 0; s < shares.size(); ++s) {
    if (left < shares[s]) return static_cast<ai::Strategy>(s);
    left -= shares[s];
  }
  return ai::Strategy::zero_intelligence;
}

}  // namespace

Population read_population(TomlTable t, bool steered) {
  Population p;
  p.where = t.where(t.has("count") ? "count" : "");
  p.prefix = t.text("prefix", "home-");
  p.count = t.is_text("count", "all") ? 0 : t.integer("count", 0, 1, max_homes);
  read_devices(t, true, steered, p);
  t.close();
  return p;
}

Prosumer read_prosumer(TomlTable t, bool steered) {
  Prosumer p;
  p.name = t.text("name", "");
  p.connection = t.text("connection", p.name);
  p.where_name = t.where("name");
  p.where_connection = t.where(t.has("connection") ? "connection" : "name");
  if (p.name.empty()) t.refuse("name", "a prosumer's name");
  p.figures.explicit_home = true;
  read_devices(t, false, steered, p.figures);
  t.close();
  return p;
}

HomeSpec sample_home(const Population& p, const std::string& name, std::uint64_t seed) {
  const Rng own = Rng(seed).fork("population").fork(name);
  HomeSpec h;
  h.name = name;
  Rng load = own.fork("load"), pv = own.fork("pv"), battery = own.fork("battery"),
      ev = own.fork("ev"), heat = own.fork("heat pump"), cooling = own.fork("air conditioner"),
      strategy = own.fork("strategy");
  h.load.kind = p.load.kind;
  h.load.annual_kwh = draw(load, p.load.annual_kwh);
  h.load.power_factor = draw(load, p.load.power_factor);
  h.load.file = p.load.file;
  if (p.load.kind == LoadSpec::Kind::bdew) h.load.profile = p.load.profile;
  h.load.step = p.load.step;
  if (!p.load.file.empty()) h.load.where = p.load.where_file;
  if (pv.chance(p.pv.share)) {
    PvSpec s;
    s.peak_kw = draw(pv, p.pv.peak_kw);
    s.tilt_deg = draw(pv, p.pv.tilt_deg);
    s.azimuth_deg = draw(pv, p.pv.azimuth_deg);
    const double inverter_kw = draw(pv, p.pv.inverter_kw);
    s.inverter_kw = inverter_kw > 0 ? inverter_kw : 0.9 * s.peak_kw;
    h.pv = s;
  }
  // In a population a battery stands where it has surplus to store: its share is of homes with PV.
  if (battery.chance(p.battery.share) && (h.pv || p.explicit_home)) {
    BatterySpec s;
    s.capacity_kwh = draw(battery, p.battery.capacity_kwh);
    const double power_kw = draw(battery, p.battery.power_kw);
    s.power_kw = power_kw > 0 ? power_kw : s.capacity_kwh / 2;
    s.charge_efficiency = s.discharge_efficiency = draw(battery, p.battery.efficiency);
    s.standby_w = draw(battery, p.battery.standby_w);
    s.initial_charge = draw(battery, p.battery.initial_charge);
    h.battery = s;
  }
  if (ev.chance(p.ev.share)) {
    EvSpec s;
    s.battery_kwh = draw(ev, p.ev.battery_kwh);
    s.daily_km = draw(ev, p.ev.daily_km);
    s.kwh_per_km = draw(ev, p.ev.kwh_per_km);
    s.plug_kw = p.ev.plug_kw;
    s.phases = p.ev.phases;
    h.ev = s;
  }
  if (heat.chance(p.heat_pump.share)) {
    HeatPumpSpec s;
    s.thermal_kw = draw(heat, p.heat_pump.thermal_kw);
    s.heat_loss_w_per_k = draw(heat, p.heat_pump.heat_loss);
    s.capacity_kwh_per_k = draw(heat, p.heat_pump.capacity);
    s.set_point_c = draw(heat, p.heat_pump.set_point);
    s.tank_litres = draw(heat, p.heat_pump.tank);
    h.heat_pump = s;
  }
  if (cooling.chance(p.air_conditioner.share)) {
    AirConditionerSpec s;
    s.cooling_kw = draw(cooling, p.air_conditioner.cooling_kw);
    s.heat_loss_w_per_k = draw(cooling, p.air_conditioner.heat_loss);
    s.capacity_kwh_per_k = draw(cooling, p.air_conditioner.capacity);
    s.set_point_c = draw(cooling, p.air_conditioner.set_point);
    s.window_m2 = draw(cooling, p.air_conditioner.window_m2);
    h.air_conditioner = s;
  }
  h.strategy = draw_strategy(p.strategy, strategy);
  h.schedule = p.schedule;
  h.contracts = draw_contracts(p.contracts, own);
  h.prefers = draw_preference(p.prefers, name, own);
  return h;
}

}  // namespace twin
