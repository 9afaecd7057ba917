#include "twin/scenario/scenario_reader.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "ledger/base/rng.hpp"
#include "twin/scenario/toml_depth.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

using ledger::Duration;
using ledger::failure;
using ledger::Result;
using ledger::Rng;

namespace {

// A gateway's marks and statements open one part a meter, and a transaction at most 4,096 of them.
constexpr std::int64_t max_homes = 4'000;
// A gateway's forecasts of a day travel in one transaction, which a block of 4 MiB must hold.
constexpr std::int64_t max_forecast_bytes = 4'000'000;
constexpr std::size_t max_text = 16u << 20;
constexpr std::int64_t most_gateways_unasked = 4;

// A device of a population: how many have it, and what its figures are drawn from.
struct PvRanges {
  double share = 0;
  Range peak_kw{}, tilt_deg{}, azimuth_deg{};
  Range inverter_kw{0, 0};  // 0: nine tenths of the peak
};
struct BatteryRanges {
  double share = 0;
  Range capacity_kwh{}, efficiency{}, standby_w{}, initial_charge{};
  Range power_kw{0, 0};  // 0: empties in two hours
};
struct EvRanges {
  double share = 0;
  Range battery_kwh{}, daily_km{}, kwh_per_km{};
  double plug_kw = 11;
  int phases = 3;
};
struct HeatPumpRanges {
  double share = 0;
  Range thermal_kw{}, heat_loss{}, capacity{}, set_point{}, tank{};
};
struct LoadRanges {
  LoadSpec::Kind kind = LoadSpec::Kind::household;
  std::string where_kind, where_file;
  Range annual_kwh{}, power_factor{};
  std::string file, profile;
  std::optional<Duration> step;
};

struct Population {
  std::string where;
  std::string prefix;
  std::int64_t count = 0;      // 0: one on each free connection
  bool explicit_home = false;  // a [[prosumer]]
  LoadRanges load;
  PvRanges pv;
  BatteryRanges battery;
  EvRanges ev;
  HeatPumpRanges heat_pump;
};

// One home written out.
struct Prosumer {
  std::string where_name, where_connection;
  std::string name, connection;
  Population figures;  // its ranges are single numbers
};

struct MeterEntry {
  std::string where;
  MeterSpec spec;
};

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

void read_devices(TomlTable& t, bool population, Population& p) {
  p.load = read_load(t.table("load"));
  p.pv = read_pv(t.table("pv"), population);
  p.battery = read_battery(t.table("battery"), population);
  p.ev = read_ev(t.table("ev"), population);
  p.heat_pump = read_heat_pump(t.table("heat_pump"), population);
}

Population read_population(TomlTable t) {
  Population p;
  p.where = t.where(t.has("count") ? "count" : "");
  p.prefix = t.text("prefix", "home-");
  p.count = t.is_text("count", "all") ? 0 : t.integer("count", 0, 1, max_homes);
  read_devices(t, true, p);
  t.close();
  return p;
}

Prosumer read_prosumer(TomlTable t) {
  Prosumer p;
  p.name = t.text("name", "");
  p.connection = t.text("connection", p.name);
  p.where_name = t.where("name");
  p.where_connection = t.where(t.has("connection") ? "connection" : "name");
  if (p.name.empty()) t.refuse("name", "a prosumer's name");
  p.figures.explicit_home = true;
  read_devices(t, false, p.figures);
  t.close();
  return p;
}

TimeSpec read_time(TomlTable t) {
  TimeSpec s;
  s.start = t.time("start", {1'781'992'800'000, 120});
  s.duration = t.duration("duration", s.duration);
  s.physics_step = t.duration("physics_step", s.physics_step);
  s.metering_interval = t.duration("metering_interval", s.metering_interval);
  s.market_slot = t.duration("market_slot", s.market_slot);
  s.real_time_factor = t.number("real_time_factor", 1, 0.01, 10'000);
  const auto whole = [&](const char* key, Duration longer, Duration shorter, const char* of) {
    if (longer % shorter != Duration{})
      t.fail(key, "found " + ledger::to_text(longer) + "; wants a multiple of " + of + " (" +
                      ledger::to_text(shorter) + ")");
  };
  whole("metering_interval", s.metering_interval, s.physics_step, "physics_step");
  whole("market_slot", s.market_slot, s.metering_interval, "metering_interval");
  whole("duration", s.duration, s.metering_interval, "metering_interval");
  if (s.physics_step < ledger::milliseconds(100) || s.physics_step > ledger::hours(1))
    t.refuse("physics_step", "100ms to 1h");
  if (s.metering_interval > ledger::hours(1) || s.metering_interval < ledger::seconds(1))
    t.refuse("metering_interval", "1s to 1h");
  if (ledger::hours(24) % s.market_slot != Duration{} || s.market_slot < ledger::minutes(1) ||
      s.market_slot > ledger::hours(1))
    t.refuse("market_slot", "1m to 1h, a whole number of times in a day");
  if (s.duration > ledger::hours(24 * 366)) t.refuse("duration", "at most 366d");
  t.close();
  return s;
}

GridSpec read_grid_spec(TomlTable t) {
  GridSpec s;
  s.file = t.text("file", "");
  TomlTable g = t.table("generator");
  if (g.present() && !s.file.empty())
    t.fail("generator", "a grid is read from a file or generated, not both");
  s.generator.homes = static_cast<std::uint32_t>(g.integer("homes", 40, 1, max_homes));
  s.generator.branches = static_cast<std::uint32_t>(g.integer("branches", 4, 1, 1000));
  s.generator.spacing_m = g.number("spacing_m", 25, 1, 1000);
  s.generator.transformer_kva = g.number("transformer_kva", 160, 10, 100'000);
  g.close();
  s.max_loading = t.number("max_loading", 1, 0.1, 10);
  s.v_min_pu = t.number("v_min_pu", 0.9, 0.1, 1);
  s.v_max_pu = t.number("v_max_pu", 1.1, 1, 2);
  s.load_v_min_pu = t.number("load_v_min_pu", 0, 0, 1);
  s.load_v_max_pu = t.number("load_v_max_pu", 10, 1, 10);
  t.close();
  return s;
}

WeatherSpec read_weather(TomlTable t) {
  WeatherSpec s;
  s.file = t.text("file", "");
  for (const char* key : {"mean_temperature_c", "temperature_swing_k", "cloudiness"})
    if (!s.file.empty() && t.has(key)) t.fail(key, "the weather file says it; leave the key out");
  s.latitude_deg = t.number("latitude_deg", s.latitude_deg, -65, 65);
  s.longitude_deg = t.number("longitude_deg", s.longitude_deg, -180, 180);
  s.mean_temperature_c = t.number("mean_temperature_c", s.mean_temperature_c, -60, 60);
  s.temperature_swing_k = t.number("temperature_swing_k", s.temperature_swing_k, 0, 40);
  s.cloudiness = t.number("cloudiness", s.cloudiness, 0, 1);
  t.close();
  return s;
}

PricesSpec read_prices(TomlTable t) {
  PricesSpec s;
  s.retail_buy.value = t.micro_eur("retail_buy_eur_per_kwh", s.retail_buy.value);
  s.retail_sell.value = t.micro_eur("retail_sell_eur_per_kwh", s.retail_sell.value);
  s.grid_fee.value = t.micro_eur("grid_fee_eur_per_kwh", s.grid_fee.value);
  s.local_grid_fee.value = t.micro_eur("local_grid_fee_eur_per_kwh", s.local_grid_fee.value);
  s.levies.value = t.micro_eur("levies_eur_per_kwh", s.levies.value);
  for (const auto& [key, price] : {std::pair{"grid_fee_eur_per_kwh", s.grid_fee},
                                   {"local_grid_fee_eur_per_kwh", s.local_grid_fee},
                                   {"levies_eur_per_kwh", s.levies},
                                   {"retail_sell_eur_per_kwh", s.retail_sell}})
    if (price.value < 0) t.refuse(key, "0 or more");
  if (s.retail_buy.value < s.grid_fee.value + s.levies.value)
    t.refuse("retail_buy_eur_per_kwh", "at least grid fee and levies, which are part of it");
  t.close();
  return s;
}

// Gateways 0: as many as the homes want.
LedgerSpec read_ledger(TomlTable t, const TimeSpec& time) {
  LedgerSpec s;
  s.block_interval = t.duration("block_interval", s.block_interval);
  s.batch_interval = t.duration("batch_interval", s.batch_interval);
  s.gateways = static_cast<std::uint32_t>(t.integer("gateways", 0, 1, 10'000));
  if (s.block_interval * 3 > time.market_slot)
    t.fail("block_interval", "found " + ledger::to_text(s.block_interval) +
                                 "; wants at most a third of time.market_slot (" +
                                 ledger::to_text(time.market_slot) + ")");
  if (s.block_interval < ledger::seconds(1)) t.refuse("block_interval", "at least 1s");
  if (s.batch_interval % time.metering_interval != Duration{} ||
      time.market_slot % s.batch_interval != Duration{})
    t.fail("batch_interval", "found " + ledger::to_text(s.batch_interval) +
                                 "; wants a multiple of time.metering_interval (" +
                                 ledger::to_text(time.metering_interval) +
                                 ") that divides time.market_slot (" +
                                 ledger::to_text(time.market_slot) + ")");
  if (time.duration % s.batch_interval != Duration{})
    t.fail("batch_interval", "found " + ledger::to_text(s.batch_interval) +
                                 "; wants to divide time.duration (" +
                                 ledger::to_text(time.duration) + ")");
  t.close();
  return s;
}

ConsensusSpec read_consensus(TomlTable t) {
  ConsensusSpec s;
  s.validators = static_cast<std::uint32_t>(t.integer("validators", s.validators, 1, 100));
  s.latency_ms = t.number("latency_ms", s.latency_ms, 0.1, 10'000);
  s.latency_spread_ms = t.number("latency_spread_ms", s.latency_spread_ms, 0, 10'000);
  s.bandwidth_mbit_s = t.number("bandwidth_mbit_s", s.bandwidth_mbit_s, 0.01, 1e6);
  if (s.latency_spread_ms > s.latency_ms) t.refuse("latency_spread_ms", "at most latency_ms");
  t.close();
  return s;
}

MeterEntry read_meter(TomlTable t) {
  MeterEntry m;
  m.where = t.where("home");
  m.spec.home = t.text("home", "");
  m.spec.transport = t.one_of("transport", "sim", {"sim", "modbus"});
  m.spec.device = t.text("device", "aipchain_reference");
  m.spec.address = t.text("address", "");
  m.spec.unit = static_cast<std::uint32_t>(t.integer("unit", 1, 0, 255));
  if (m.spec.home.empty()) t.refuse("home", "the name of a home");
  m.spec.where_device = t.where(t.has("device") ? "device" : "");
  m.spec.where_address = t.where(t.has("address") ? "address" : "");
  if (m.spec.transport == "modbus" && m.spec.address.empty())
    t.refuse("address", "the address of a Modbus meter, host:port");
  t.close();
  return m;
}

// `before`: the faults read so far.
FaultSpec read_fault(TomlTable t, const TimeSpec& time, const std::vector<FaultSpec>& before) {
  FaultSpec f;
  f.kind = t.one_of("kind", "source_lost", {"source_lost"});
  f.at = t.duration("at", {});
  f.length = t.duration("for", ledger::hours(1));
  for (const auto& [key, value] : {std::pair{"at", f.at}, {"for", f.length}})
    if (value % time.physics_step != Duration{})
      t.fail(key, "found " + ledger::to_text(value) + "; wants a multiple of time.physics_step (" +
                      ledger::to_text(time.physics_step) + ")");
  if (!t.has("at")) t.refuse("at", "a time from the start, such as 12h");
  if (f.at >= time.duration) t.refuse("at", "less than time.duration");
  if (!before.empty() && f.at < before.back().at + before.back().length)
    t.refuse("at", "at or after the end of the fault before it");
  t.close();
  return f;
}

double draw(Rng& rng, const Range& r) { return rng.uniform(r.low, r.high); }

// Every figure is drawn whether it is used or not, so that one device's share changes no other's.
HomeSpec sample_home(const Population& p, const std::string& name, std::uint64_t seed) {
  const Rng own = Rng(seed).fork("population").fork(name);
  HomeSpec h;
  h.name = name;
  Rng load = own.fork("load"), pv = own.fork("pv"), battery = own.fork("battery"),
      ev = own.fork("ev"), heat = own.fork("heat pump");
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
  return h;
}

}  // namespace

struct ScenarioFile {
  std::string file;
  Scenario base;  // without homes
  std::vector<Population> populations;
  std::vector<Prosumer> prosumers;
  std::vector<MeterEntry> meters;
  std::string where_grid, where_weather, where_gateways, where_recording;
};

namespace {

void read_all(TomlTable& root, ScenarioFile& out) {
  Scenario& s = out.base;
  s.name = root.text("name", "");
  const bool plain =
      !s.name.empty() && s.name.size() <= 64 &&
      std::all_of(s.name.begin(), s.name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (!plain) root.refuse("name", "a name of a-z, 0-9, _ and -, at most 64 characters");
  s.seed = static_cast<std::uint64_t>(root.integer("seed", 1, 0, INT64_MAX));
  s.time = read_time(root.table("time"));
  TomlTable grid = root.table("grid");
  out.where_grid = grid.where(grid.has("file") ? "file" : "generator");
  s.grid = read_grid_spec(std::move(grid));
  TomlTable weather = root.table("weather");
  out.where_weather = weather.where("file");
  s.weather = read_weather(std::move(weather));
  s.prices = read_prices(root.table("prices"));
  TomlTable market = root.table("market");
  s.market.mechanism = market.one_of("mechanism", "uniform", {"uniform", "retailer"});
  market.close();
  TomlTable ledger = root.table("ledger");
  out.where_gateways = ledger.where("gateways");
  s.ledger = read_ledger(std::move(ledger), s.time);
  s.consensus = read_consensus(root.table("consensus"));
  for (TomlTable& t : root.tables("population")) out.populations.push_back(read_population(t));
  for (TomlTable& t : root.tables("prosumer")) out.prosumers.push_back(read_prosumer(t));
  for (TomlTable& t : root.tables("meter")) out.meters.push_back(read_meter(t));
  for (TomlTable& t : root.tables("fault"))
    s.faults.push_back(read_fault(std::move(t), s.time, s.faults));
  TomlTable output = root.table("output");
  out.where_recording = output.where("recording");
  s.output.recording = output.text("recording", "");
  output.close();
  root.close();
}

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string cut(const std::string& text) {
  constexpr std::size_t longest_shown = 80;
  return text.size() <= longest_shown ? text : text.substr(0, longest_shown) + "...";
}

// One "key = value" as a table.
std::optional<toml::table> pair_of(const std::string& key, const std::string& value,
                                   const std::string& option) {
  const std::string text = key + " = " + value;
  if (too_deep_key(text)) return std::nullopt;
  try {
    toml::table pair = toml::parse(text, option);
    if (pair.size() == 1) return pair;
  } catch (const toml::parse_error&) {
    // Not TOML as it stands.
  }
  return std::nullopt;
}

// A value that is not TOML is text, and so is a time, which a scenario has in quotes.
std::optional<toml::table> table_of(const Override& o) {
  if (!ledger::from_rfc3339(o.value))
    if (auto pair = pair_of(o.key, o.value, o.option)) return pair;
  return pair_of(o.key, in_quotes(o.value), o.option);
}

// Puts "a.b.c = value" into the table, as if the file had it.
Result<void> apply(const Override& o, toml::table& root) {
  auto one = table_of(o);
  if (!one)
    return failure(o.option + " " + cut(o.key) + "=" + cut(o.value) +
                   ": wants key=value with a dotted key such as time.duration");
  toml::table* into = &root;
  toml::table* from = &*one;
  while (true) {
    const auto first = from->begin();
    const toml::key key = first->first;
    toml::node& node = first->second;
    toml::table* deeper = node.as_table();
    toml::table* below = (*into)[key.str()].as_table();
    if (!deeper || !below || deeper->is_inline()) {
      into->insert_or_assign(key, std::move(node));  // a copy would not know where it came from
      return {};
    }
    into = below;
    from = deeper;
  }
}

std::string names_of(const Network& network) {
  if (network.connections.empty()) return ", which has none";
  return "; it has \"" + cut(network.connections.front().name) + "\" to \"" +
         cut(network.connections.back().name) + "\"";
}

}  // namespace

ReadScenario::ReadScenario(std::unique_ptr<ScenarioFile> file) : file_(std::move(file)) {}
ReadScenario::ReadScenario(ReadScenario&&) noexcept = default;
ReadScenario::~ReadScenario() = default;
const GridSpec& ReadScenario::grid() const { return file_->base.grid; }
const std::string& ReadScenario::where_grid() const { return file_->where_grid; }
const std::string& ReadScenario::where_weather() const { return file_->where_weather; }
std::uint64_t ReadScenario::seed() const { return file_->base.seed; }
ledger::CivilTime ReadScenario::start() const { return file_->base.time.start; }

Result<ReadScenario> read_scenario(std::string_view text, const std::string& file,
                                   const std::vector<Override>& overrides) {
  if (text.size() > max_text) return failure(file + ": larger than 16 MiB");
  if (const auto line = too_deep_key(text))
    return failure(file + ":" + std::to_string(*line) + ": found a key with more than " +
                   std::to_string(max_key_depth) + " dots; no key has more than two");
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& e) {
    return failure(file + ":" + std::to_string(e.source().begin.line) + ":" +
                   std::to_string(e.source().begin.column) +
                   ": not TOML: " + std::string(e.description()));
  }
  for (const Override& o : overrides)
    if (auto ok = apply(o, root); !ok) return failure(ok.error());
  Problem problem;
  auto out = std::make_unique<ScenarioFile>();
  out->file = file;
  TomlTable table(&root, "", file, problem);
  read_all(table, *out);
  if (!problem.any() && out->populations.empty() && out->prosumers.empty())
    problem.message = file + ": population: a scenario wants a [[population]] or a [[prosumer]]";
  if (problem.any()) return failure(problem.message);
  return ReadScenario(std::move(out));
}

Result<Scenario> ReadScenario::expand(const Network& network) const {
  const ScenarioFile& f = *file_;
  Scenario s = f.base;
  std::map<std::string, std::uint32_t> connection_of;
  for (std::uint32_t c = 0; c < network.connections.size(); ++c)
    connection_of[network.connections[c].name] = c;
  std::set<std::string> names;
  std::vector<bool> taken(network.connections.size(), false);
  std::string no_profile;  // the first home that wants one where the grid has none
  const auto add = [&](HomeSpec home, std::uint32_t connection, const LoadRanges& load) {
    if (load.kind == LoadSpec::Kind::grid_profile && no_profile.empty() &&
        network.connections[connection].profile_w.empty())
      no_profile = load.where_kind + ": home \"" + home.name +
                   "\" wants the grid file's profile, and its connection has none";
    taken[connection] = true;
    home.connection = connection;
    s.homes.push_back(std::move(home));
  };
  for (const Prosumer& p : f.prosumers) {
    if (!names.insert(p.name).second)
      return failure(p.where_name + ": found \"" + p.name + "\" twice; names are unique");
    const auto at = connection_of.find(p.connection);
    if (at == connection_of.end()) {
      std::vector<std::string> known;
      for (const auto& [name, c] : connection_of) known.push_back(name);
      const std::string near = nearest(cut(p.connection), known);
      return failure(p.where_connection + ": connection \"" + cut(p.connection) +
                     "\" does not exist in the grid" +
                     (near.empty() ? names_of(network) : "; did you mean \"" + near + "\"?"));
    }
    if (taken[at->second])
      return failure(p.where_connection + ": connection \"" + p.connection +
                     "\" has a home already");
    add(sample_home(p.figures, p.name, s.seed), at->second, p.figures.load);
  }
  std::uint32_t next = 0;
  for (const Population& p : f.populations) {
    const auto free_left = static_cast<std::int64_t>(std::count(taken.begin(), taken.end(), false));
    if (p.count > free_left)
      return failure(p.where + ": found " + std::to_string(p.count) + "; the grid has " +
                     std::to_string(free_left) + " free connections");
    const std::int64_t count = p.count == 0 ? free_left : p.count;
    for (std::int64_t k = 0; k < count; ++k) {
      while (taken[next]) ++next;
      std::string number = std::to_string(s.homes.size() + 1);
      if (number.size() < 2) number = "0" + number;
      const std::string name = p.prefix + number;
      if (!names.insert(name).second)
        return failure(p.where + ": the name \"" + name + "\" is taken; choose another prefix");
      add(sample_home(p, name, s.seed), next, p.load);
    }
  }
  if (!no_profile.empty()) return failure(no_profile);
  const auto homes = static_cast<std::int64_t>(s.homes.size());
  if (homes > max_homes)
    return failure(f.file + ": population: found " + std::to_string(homes) +
                   " homes; wants at most " + std::to_string(max_homes));
  const std::int64_t forecast_bytes = 62 + 4 * (ledger::hours(24) / s.time.market_slot);
  const std::int64_t least_gateways =
      (homes * forecast_bytes + max_forecast_bytes - 1) / max_forecast_bytes;
  if (s.ledger.gateways == 0)
    s.ledger.gateways = static_cast<std::uint32_t>(
        std::max(least_gateways, std::min<std::int64_t>(most_gateways_unasked, homes)));
  if (s.ledger.gateways < least_gateways)
    return failure(f.where_gateways + ": found " + std::to_string(s.ledger.gateways) + "; " +
                   std::to_string(homes) + " homes with slots of " +
                   ledger::to_text(s.time.market_slot) + " want at least " +
                   std::to_string(least_gateways));
  if (s.ledger.gateways > s.homes.size())
    return failure(f.where_gateways + ": found " + std::to_string(s.ledger.gateways) +
                   "; wants at most one a home (" + std::to_string(s.homes.size()) + ")");
  for (std::size_t h = 0; h < s.homes.size(); ++h)
    s.homes[h].gateway = static_cast<std::uint32_t>(h * s.ledger.gateways / s.homes.size());
  for (const MeterEntry& m : f.meters) {
    if (!names.contains(m.spec.home)) {
      const std::string near = nearest(m.spec.home, {names.begin(), names.end()});
      return failure(m.where + ": home \"" + m.spec.home + "\" does not exist" +
                     (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
    for (const MeterSpec& other : s.meters)
      if (other.home == m.spec.home)
        return failure(m.where + ": home \"" + m.spec.home + "\" has a meter already");
    s.meters.push_back(m.spec);
  }
  if (!s.output.recording.empty()) {
    std::vector<std::string> nodes{"observer"};
    for (std::uint32_t v = 0; v < s.consensus.validators; ++v)
      nodes.push_back("validator-" + std::to_string(v));
    if (std::find(nodes.begin(), nodes.end(), s.output.recording) == nodes.end())
      return failure(f.where_recording + ": found \"" + s.output.recording +
                     "\"; wants \"observer\" or \"validator-0\" to \"" + nodes.back() + "\"");
  }
  return s;
}

}  // namespace twin
