#include "twin/scenario/scenario_reader.hpp"

#include <algorithm>
#include <cmath>

#include "market/clearing/mechanism.hpp"
#include "market/clearing/order.hpp"
#include "twin/scenario/congestion_reader.hpp"
#include "twin/scenario/consensus_reader.hpp"
#include "twin/scenario/event_reader.hpp"
#include "twin/scenario/fault_reader.hpp"
#include "twin/scenario/override.hpp"
#include "twin/scenario/scenario_parts.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

using ledger::Duration;
using ledger::failure;
using ledger::Result;

const std::vector<std::string>& names_of_signing() {
  static const std::vector<std::string> names{"minute", "reading", "gateway"};
  return names;
}

namespace {

constexpr std::size_t max_text = 16u << 20;
constexpr Duration longest = ledger::hours(24 * 366);

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
  if (s.duration > longest) t.refuse("duration", "at most 366d");
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
  s.ambient_rating =
      t.one_of("transformer_rating", "nameplate", {"nameplate", "ambient"}) == "ambient";
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

std::uint32_t read_vat(TomlTable& t) {
  const double permille = 10 * t.number("vat_percent", 0, 0, ledger::max_vat_permille / 10.0);
  if (std::abs(permille - std::round(permille)) > 1e-9) t.refuse("vat_percent", "one decimal");
  return static_cast<std::uint32_t>(std::lround(permille));
}

FeeTreeSpec read_fee_tree(TomlTable t) {
  FeeTreeSpec s;
  s.line_km.value = t.micro_eur("line_eur_per_kwh_km", s.line_km.value);
  s.transformer.value = t.micro_eur("transformer_eur_per_kwh", s.transformer.value);
  s.relief_percent = static_cast<std::uint32_t>(t.integer("relief_percent", 100, 0, 100));
  for (const auto& [key, fee] :
       {std::pair{"line_eur_per_kwh_km", s.line_km}, {"transformer_eur_per_kwh", s.transformer}})
    if (fee.value < 0 || fee > market::max_order_price) t.refuse(key, "0 to 100");
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
  s.vat_permille = read_vat(t);
  s.fee_tree = read_fee_tree(t.table("fee_tree"));
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
  const bool singly = t.one_of("readings", "batched", {"batched", "per_reading"}) == "per_reading";
  if (singly) s.readings = LedgerSpec::Readings::per_reading;
  s.block_interval = t.duration("block_interval", s.block_interval);
  s.batch_interval =
      t.duration("batch_interval", singly ? time.metering_interval : s.batch_interval);
  if (singly && s.batch_interval != time.metering_interval)
    t.fail("batch_interval",
           "found " + ledger::to_text(s.batch_interval) +
               "; with readings = \"per_reading\" it is time.metering_interval (" +
               ledger::to_text(time.metering_interval) + ")");
  s.gateways = static_cast<std::uint32_t>(t.integer("gateways", 0, 1, 10'000));
  s.concentrators = static_cast<std::uint32_t>(t.integer("concentrators", 0, 0, 10'000));
  const auto& names = names_of_signing();
  s.signing = enum_named<ledger::Signing>(t.one_of("signing", names[0], names), names);
  s.masked_sums = t.boolean("masked_sums", s.masked_sums);
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

OracleSpec read_oracle(TomlTable t) {
  OracleSpec s;
  s.feeder_evidence = t.boolean("feeder_evidence", s.feeder_evidence);
  const auto& names = names_of_quarantined();
  s.quarantined =
      enum_named<OracleSpec::Quarantined>(t.one_of("quarantined", names[0], names), names);
  s.certificates = t.boolean("certificates", s.certificates);
  s.oracles = static_cast<std::uint32_t>(t.integer("oracles", 1, 1, 31));
  s.attesters = static_cast<std::uint32_t>(t.integer("attesters", 0, 0, 31));
  s.witnesses = static_cast<std::uint32_t>(t.integer("witnesses", 1, 1, 9));
  if (s.attesters > s.oracles)
    t.refuse("attesters",
             "at most as many as there are oracle.oracles (" + std::to_string(s.oracles) + ")");
  t.close();
  return s;
}

// A register of at most a million kWh, to the mWh; none where the key is missing.
std::optional<ledger::MilliWattHours> read_register(TomlTable& t, const char* key) {
  const double kwh = t.number(key, 0, 0, 1e6);
  if (!t.has(key)) return std::nullopt;
  return ledger::MilliWattHours{std::llround(kwh * 1e6)};
}

bool is_one_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
}

// What a meter that signs its records has besides.
void read_station(TomlTable& t, MeterSpec& m) {
  if (m.transport != "ocmf") return;
  m.public_key = t.text("public_key", "");
  m.serial = t.text("serial", "");
  m.first_import = read_register(t, "import_kwh");
  m.first_export = read_register(t, "export_kwh");
  m.where_key = t.where("public_key");
  if (m.address.empty() || !is_one_line(m.address))
    t.refuse("address", "where a station's records come from: host:port, or a path from / on");
  if (!is_one_line(m.serial)) t.refuse("serial", "one line");
  if (m.public_key.empty()) t.refuse("public_key", "the key on the meter's type plate");
}

MeterEntry read_meter(TomlTable t) {
  MeterEntry m;
  m.where = t.where("home");
  m.spec.home = t.text("home", "");
  m.spec.transport = t.one_of("transport", "sim", {"sim", "modbus", "ocmf"});
  m.spec.device = t.text("device", "aipchain_reference");
  m.spec.address = t.text("address", "");
  m.spec.unit = static_cast<std::uint32_t>(t.integer("unit", 1, 0, 255));
  if (m.spec.home.empty()) t.refuse("home", "the name of a home");
  m.spec.where_device = t.where(t.has("device") ? "device" : "");
  m.spec.where_address = t.where(t.has("address") ? "address" : "");
  if (m.spec.transport == "modbus" && m.spec.address.empty())
    t.refuse("address", "the address of a Modbus meter, host:port");
  read_station(t, m.spec);
  t.close();
  return m;
}

MarketSpec read_market(TomlTable t, const PricesSpec& prices) {
  MarketSpec out;
  out.mechanism = t.one_of("mechanism", "uniform", market::acting_names());
  if (out.mechanism == "fee-tree" && prices.local_grid_fee.value != 0)
    t.fail("mechanism",
           "the fee tree takes the place of prices.local_grid_fee_eur_per_kwh, which has to be 0");
  out.shadows = t.some_of("shadows", market::acting_names());
  t.close();
  return out;
}

// Above what a neighbour's kWh may cost a seller is better off with the retailer, and nobody
// orders.
void check_feed_in(TomlTable& prices, const Scenario& s) {
  const PricesSpec& p = s.prices;
  const ledger::Price most = p.retail_buy - p.local_grid_fee - p.levies;
  if (s.market.mechanism == "retailer" || p.retail_sell <= most) return;
  prices.refuse(
      "retail_sell_eur_per_kwh",
      "at most the retail price less local grid fee and levies, above which no neighbours "
      "trade");
}

// A ladder without rungs leaves no grid operator to follow.
void follow_the_rule(ScenarioParts& parts) {
  for (Population& p : parts.populations) p.schedule = ai::Schedule::rule;
  for (Prosumer& p : parts.prosumers) p.figures.schedule = ai::Schedule::rule;
}

void read_all(TomlTable& root, ScenarioParts& out) {
  Scenario& s = out.base;
  s.name = root.text("name", "");
  if (!is_plain_name(s.name))
    root.refuse("name", "a name of a-z, 0-9, _ and -, at most 64 characters");
  s.seed = static_cast<std::uint64_t>(root.integer("seed", 1, 0, INT64_MAX));
  s.time = read_time(root.table("time"));
  TomlTable grid = root.table("grid");
  out.where_grid = grid.where(grid.has("file") ? "file" : "generator");
  s.grid = read_grid_spec(std::move(grid));
  TomlTable weather = root.table("weather");
  out.where_weather = weather.where("file");
  s.weather = read_weather(std::move(weather));
  TomlTable prices = root.table("prices");
  s.prices = read_prices(prices);
  s.market = read_market(root.table("market"), s.prices);
  check_feed_in(prices, s);
  if (prices.has("fee_tree") && !s.market.pays_by_the_way())
    prices.fail("fee_tree", "wants \"fee-tree\" as market.mechanism or among market.shadows");
  TomlTable ledger = root.table("ledger");
  out.where_gateways = ledger.where("gateways");
  out.where_concentrators = ledger.where("concentrators");
  s.ledger = read_ledger(std::move(ledger), s.time);
  s.oracle = read_oracle(root.table("oracle"));
  s.consensus = read_consensus(root.table("consensus"));
  const bool steered = root.has("congestion");
  for (TomlTable& t : root.tables("population"))
    out.populations.push_back(read_population(t, steered));
  for (TomlTable& t : root.tables("prosumer")) out.prosumers.push_back(read_prosumer(t, steered));
  for (TomlTable& t : root.tables("meter")) out.meters.push_back(read_meter(t));
  for (TomlTable& t : root.tables("fault")) read_fault(std::move(t), s);
  for (TomlTable& t : root.tables("event")) read_event(std::move(t), s);
  for (TomlTable& t : root.tables("congestion")) read_rung(std::move(t), s);
  read_ladder(root.table("ladder"), s);
  if (s.congestion.empty()) follow_the_rule(out);
  TomlTable output = root.table("output");
  out.where_recording = output.where("recording");
  s.output.recording = output.text("recording", "");
  output.close();
  root.close();
}

}  // namespace

ReadScenario::ReadScenario(std::unique_ptr<ScenarioParts> parts) : parts_(std::move(parts)) {}
ReadScenario::ReadScenario(ReadScenario&&) noexcept = default;
ReadScenario::~ReadScenario() = default;
const GridSpec& ReadScenario::grid() const { return parts_->base.grid; }
const std::string& ReadScenario::where_grid() const { return parts_->where_grid; }
const std::string& ReadScenario::where_weather() const { return parts_->where_weather; }
std::uint64_t ReadScenario::seed() const { return parts_->base.seed; }
ledger::CivilTime ReadScenario::start() const { return parts_->base.time.start; }

Result<ReadScenario> read_scenario(std::string_view text, const std::string& file,
                                   const std::vector<Override>& overrides) {
  if (text.size() > max_text) return failure(file + ": larger than 16 MiB");
  auto parsed = parse_toml(text, file);
  if (!parsed) return failure(parsed.error());
  toml::table& root = *parsed;
  for (const Override& o : overrides)
    if (auto ok = apply(o, root); !ok) return failure(ok.error());
  Problem problem;
  auto out = std::make_unique<ScenarioParts>();
  out->file = file;
  TomlTable table(&root, "", file, problem);
  read_all(table, *out);
  if (!problem.any() && out->populations.empty() && out->prosumers.empty())
    problem.message = file + ": population: a scenario wants a [[population]] or a [[prosumer]]";
  if (problem.any()) return failure(problem.message);
  return ReadScenario(std::move(out));
}

}  // namespace twin
