#pragma once
// A scenario after reading: every default filled in, every population expanded into homes.
// Keys of the file are documented in docs/scenario.md.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "ai/bidding_policy.hpp"
#include "ai/home_schedule.hpp"
#include "ledger/base/amounts.hpp"
#include "ledger/base/time.hpp"
#include "ledger/oracle/signing.hpp"
#include "market/clearing/mechanism.hpp"
#include "market/settlement/contract.hpp"

namespace twin {

// Gives a file's bytes or a reason. The core opens nothing itself. Paths are as written in the
// scenario; the host resolves them against the scenario's folder.
using LoadFile = std::function<tl::expected<std::string, std::string>(const std::string& path)>;

struct LoadSpec {
  enum class Kind : std::uint8_t { household, grid_profile, bdew, csv };
  Kind kind = Kind::household;
  double annual_kwh = 3500;              // household, bdew, and a csv file that is a shape
  double power_factor = 0.95;            // lagging
  std::string file;                      // bdew, csv
  std::string profile;                   // bdew: "H25", ...
  std::optional<ledger::Duration> step;  // csv: of a shape
  std::string where;                     // file, line and key, for what is wrong with the file
};

struct PvSpec {
  double peak_kw = 0;  // module power at standard test conditions
  double tilt_deg = 30;
  double azimuth_deg = 180;  // 180 is south
  double inverter_kw = 0;    // AC limit
};

struct BatterySpec {
  double capacity_kwh = 0;
  double power_kw = 0;
  double charge_efficiency = 0.95;
  double discharge_efficiency = 0.95;
  double standby_w = 10;
  double initial_charge = 0.5;  // of capacity
};

struct EvSpec {
  double battery_kwh = 60;
  double plug_kw = 11;
  int phases = 3;        // 1 or 3
  double daily_km = 35;  // mean
  double kwh_per_km = 0.18;
};

struct HeatPumpSpec {
  double thermal_kw = 8;
  double heat_loss_w_per_k = 150;
  double capacity_kwh_per_k = 6;  // of the building
  double set_point_c = 20.5;
  double tank_litres = 200;  // hot water
};

struct AirConditionerSpec {
  double cooling_kw = 3.5;
  double heat_loss_w_per_k = 150;  // of the building, which warms it in summer
  double capacity_kwh_per_k = 6;   // of the building
  double set_point_c = 25;
  double window_m2 = 3;  // that would let all of the global irradiance in
};

// What the home signs once, and the ledger carries out slot after slot
// (market/settlement/contract.hpp). It begins with the first slot from `at` on that can take it and
// ends before the first one from `at` + `length` on; without `length` never.
struct ContractSpec {
  market::Template of{};
  std::optional<ledger::Duration> at, length;
  ledger::WattHours energy;            // of a slot
  ledger::Price price;                 // of a kWh
  market::Side side{};                 // of a community key ...
  std::uint16_t key_permille = 0;      // ... and its share of what is metered
  std::vector<std::uint32_t> tenants;  // weights of sub-meters
};

// In bilateral trade.
struct PreferenceSpec {
  std::string partner;  // a home's name; empty: none
  bool green = false;   // would rather buy renewable energy
  bool any() const { return green || !partner.empty(); }
};

struct HomeSpec {
  std::string name;              // unique: "home-07"; the entity's random stream is forked by it
  std::uint32_t connection = 0;  // index into Network::connections
  LoadSpec load;
  std::optional<PvSpec> pv;
  std::optional<BatterySpec> battery;
  std::optional<EvSpec> ev;
  std::optional<HeatPumpSpec> heat_pump;
  std::optional<AirConditionerSpec> air_conditioner;
  ai::Strategy strategy = ai::Strategy::zero_intelligence;  // how it bids
  ai::Schedule schedule = ai::Schedule::rule;               // how its devices follow prices
  std::vector<ContractSpec> contracts;                      // one of a template at most
  PreferenceSpec prefers;
  std::uint32_t gateway = 0;  // index; homes are dealt to gateways in blocks
};

struct TimeSpec {
  ledger::CivilTime start;
  ledger::Duration duration = ledger::hours(24);
  ledger::Duration physics_step = ledger::seconds(5);
  ledger::Duration metering_interval = ledger::seconds(5);
  ledger::Duration market_slot = ledger::minutes(15);
  double real_time_factor = 1;  // field host: simulated seconds a real second
};

struct GeneratorSpec {  // a generated low-voltage feeder
  std::uint32_t homes = 40;
  std::uint32_t branches = 4;  // feeders that leave the busbar
  double spacing_m = 25;       // between neighbours along the street
  double transformer_kva = 160;
};

struct GridSpec {
  std::string file;  // empty: generated
  GeneratorSpec generator;
  double max_loading = 1.0;
  // Whether what transformers may carry follows the ambient temperature (transformer_rating.hpp).
  bool ambient_rating = false;
  double v_min_pu = 0.90;  // EN 50160 band
  double v_max_pu = 1.10;
  // Loads answer as constant power inside these limits (OpenDSS: Vminpu, Vmaxpu).
  double load_v_min_pu = 0.0;
  double load_v_max_pu = 10.0;
};

struct WeatherSpec {
  std::string file;  // empty: generated
  // A TMY3 file has its own place; temperature, swing and cloudiness are of generated weather.
  double latitude_deg = 50.0;
  double longitude_deg = 10.0;
  double mean_temperature_c = 19;
  double temperature_swing_k = 7;  // half of the daily range
  double cloudiness = 0.3;         // 0 clear to 1 overcast
};

// What a kWh pays on its way through the feeder (traded_feeder.hpp).
struct FeeTreeSpec {
  ledger::Price line_km{50'000}, transformer{20'000};
  std::uint32_t relief_percent = 100;  // of the fee, against what flows anyway
};

struct PricesSpec {
  ledger::Price retail_buy{320'000};     // all of it: energy, fees, levies
  ledger::Price retail_sell{80'000};     // feed-in
  ledger::Price grid_fee{90'000};        // part of retail_buy; also due on traded energy ...
  ledger::Price local_grid_fee{60'000};  // ... at this lower rate
  ledger::Price levies{40'000};          // part of retail_buy, due on all import
  FeeTreeSpec fee_tree;                  // where the fee tree acts or is a shadow
  std::uint32_t vat_permille = 0;        // contained in all of these but retail_sell
};

struct MarketSpec {
  std::string mechanism = "uniform";  // one that can act (market/clearing/mechanism.hpp)
  std::vector<std::string> shadows;   // others that clear the same orders, for figures
  bool has_shadow(market::Mechanism m) const {
    return std::find(shadows.begin(), shadows.end(), market::name_of(m)) != shadows.end();
  }
  bool pays_by_the_way() const {
    return mechanism == market::name_of(market::Mechanism::fee_tree) ||
           has_shadow(market::Mechanism::fee_tree);
  }
};

// Names of ledger::Signing in a scenario, in the enum's order.
const std::vector<std::string>& names_of_signing();

struct LedgerSpec {
  // Per reading: each home posts its own batches, one for each reading.
  enum class Readings : std::uint8_t { batched, per_reading };
  Readings readings = Readings::batched;
  ledger::Duration block_interval = ledger::seconds(60);
  ledger::Duration batch_interval = ledger::seconds(60);  // one meter signature and batch each
  std::uint32_t gateways = 4;
  std::uint32_t concentrators = 0;  // that post the gateways' batches; none: each posts its own
  ledger::Signing signing = ledger::Signing::minute;  // how meters answer for their readings
  bool masked_sums = false;  // an operator learns the homes' sum of each slot, by masked sums
};

struct OracleSpec {
  bool feeder_evidence = true;  // findings about each slot of the feeder
  // What the registrar rules on quarantined energy once it is settled.
  enum class Quarantined : std::uint8_t { keep, release, reject };
  Quarantined quarantined = Quarantined::keep;
  bool certificates = false;  // what a home's meter exports without one is not minted
  std::uint32_t oracles = 1;
  std::uint32_t attesters = 0;  // oracles that have to attest each batch; 0: none
  std::uint32_t witnesses = 1;  // meters of the feeder at its busbar
};
// Their names in a scenario, in the enum's order.
inline const std::vector<std::string>& names_of_quarantined() {
  static const std::vector<std::string> names{"keep", "release", "reject"};
  return names;
}

struct ConsensusSpec {
  std::uint32_t validators = 4;
  // Validators and gateways are dealt to the sites of `placement` in turn, indices into `sites`;
  // the observer stands at its first. Between nodes of one site the diagonal holds, which no other
  // latency of the two sites' is below on average.
  std::vector<std::string> sites{"anywhere"};
  std::vector<std::uint32_t> placement{0};
  std::vector<std::vector<double>> latency_ms{{20}};  // one way, from row to column
  double latency_spread_ms = 10;                      // between two nodes it is drawn from +- this
  double bandwidth_mbit_s = 50;                       // of each node, in each direction
  double loss = 0;  // of messages among validators and observer, a share
};

struct MeterSpec {  // overrides the transport of one home's meter
  std::string home;
  std::string transport = "sim";  // "sim", "modbus" or "ocmf"
  std::string device;             // a name from hil/devices
  std::string address;            // host:port, of a station also a file's path from / on
  std::uint32_t unit = 1;
  // Of a station ("ocmf"): the key that signs, the meter's serial (empty: that of its first
  // record), and what its registers show at the start (none: as the simulated home's).
  std::string public_key, serial;
  std::optional<ledger::MilliWattHours> first_import, first_export;
  // File, line and key, for what is wrong with them.
  std::string where_device, where_address, where_key;
};

struct FaultSpec {
  std::string kind = "source_lost";  // the grid above is gone: an islanded microgrid
  ledger::Duration at, length;       // from the scenario's start
};

// What befalls a home's meter, or what somebody does to it.
struct MeterFault {
  enum class Kind : std::uint8_t {
    meter_swap,      // a new meter takes its place, for good, with papers or without
    meter_scale,     // it counts `factor` times what flows
    meter_offset,    // it counts `offset_w` more than what flows, negative: less or export
    meter_rollback,  // its registers are set back by `energy`, once
    meter_clock,     // its clock is `clock` ahead
    meter_silent,    // nothing of it arrives
    meter_drift,     // its clock gains `drift_ppm` from one hour's setting to the next
    meter_rollover,  // from the start: registers `energy` below `modulus`, where they begin anew
  };
  Kind kind{};
  std::vector<std::string> homes;
  ledger::Duration at, length;  // from the scenario's start
  bool papers = true;
  double factor = 1;
  std::int32_t offset_w = 0;
  ledger::MilliWattHours energy, modulus;
  bool declared = true;  // the registry knows the modulus
  ledger::Duration clock;
  double drift_ppm = 0;
  std::string where_target;  // file, line and key, for what is wrong with the homes

  bool acts(ledger::Duration now) const { return at < now && now <= at + length; }
};
// Their names in a scenario, in the enum's order.
const std::vector<std::string>& names_of_meter_faults();

// What somebody does to homes: with their messages on the way to the gateway, with their keys and
// orders, or as their gateway. It acts in (at, at + length].
struct Attack {
  enum class Kind : std::uint8_t {
    message_replay,   // with each minute goes one that was sent `delay` ago
    message_delay,    // each message arrives `delay` later
    message_reorder,  // each second minute arrives before the one that it follows
    message_drop,     // a `share` of the minutes does not arrive
    cloned_key,       // a second meter with the home's key stands behind the next gateway
    double_spend,     // each order comes twice, and others with its id and with its energy
    phantom_trade,    // the first home sells to the second what neither has, `energy` a slot
    omit_home,        // the gateway leaves the home out: `how`
    two_roots,        // the gateway signs a second batch of each epoch, where the home is absent
    double_mint,      // the gateway marks `energy` more export of the home: `how`
  };
  Kind kind{};
  std::vector<std::string> homes;
  ledger::Duration at, length;  // from the scenario's start
  ledger::Duration delay;
  double share = 1;
  ledger::MilliWattHours energy;
  std::string how;  // omit_home: "count", "list" or "absence"; double_mint: "again" or "more"
  std::string where_target;

  bool acts(ledger::Duration now) const { return at < now && now <= at + length; }
};
const std::vector<std::string>& names_of_attacks();

// What changes of a home in the registry, by a transaction that leaves behind `at` and acts in one
// of the next slots.
struct RegistryEvent {
  enum class Kind : std::uint8_t {
    key_change,      // of its meter from the next slot on, of its account, or of a gateway, from
                     // the one behind it on
    deregistration,  // the home leaves at the end of the next slot
    certificate,  // its meter has one certificate, for (at, at + length], instead of one for ever
  };
  enum class Of : std::uint8_t { meter, account, gateway };
  Kind kind{};
  std::vector<std::string> homes;
  std::vector<std::uint32_t> gateways;  // rising: whose key changes
  ledger::Duration at, length;          // from the scenario's start
  Of of{};                              // a key change
  bool lost = false;                    // nobody has the old key: it acts in the third slot
  std::string where_target;             // file, line and key, for what is wrong with the targets
};
// Their names in a scenario, in the enum's order.
const std::vector<std::string>& names_of_events();
const std::vector<std::string>& names_of_key_owners();

// What an oracle says that is not so. It acts in (at, at + length].
struct OracleFault {
  enum class Lie : std::uint8_t {
    attest,    // attests whatever a gateway posts
    refuse,    // attests nothing and says that it does not hold
    findings,  // finds `energy` more losses in each slot
  };
  std::vector<std::uint32_t> oracles;
  ledger::Duration at, length;  // from the scenario's start
  Lie lie{};
  ledger::MilliWattHours energy;
  std::string where_target;

  bool acts(ledger::Duration now) const { return at < now && now <= at + length; }
};
// Names of lies in a scenario, in the enum's order.
const std::vector<std::string>& names_of_lies();

// What befalls validators, gateways and concentrators of a simulated network.
struct ValidatorFault {
  enum class Kind : std::uint8_t {
    crash,         // stops, and comes back from its own records
    silent,        // hears and says nothing
    slow,          // whatever it says leaves `delay` later
    partition,     // the targets hear each other only, the others likewise
    clock_offset,  // its clock is `offset` ahead
    equivocate,    // a twin with the same key starts from the same records
  };
  Kind kind{};
  std::vector<std::uint32_t> targets, gateways, concentrators;  // rising
  std::string where_target;                                     // in the file
  ledger::Duration at, length;                                  // from the scenario's start
  ledger::Duration delay, offset;

  bool acts(ledger::Duration now) const { return at <= now && now < at + length; }
};
// Their names in a scenario, in the enum's order.
const std::vector<std::string>& names_of_validator_faults();
// "validator-1", "gateway-0" ...
std::vector<std::string> names_of_targets(const ValidatorFault& fault);

// One rung of the congestion ladder (twin/congestion/rung.hpp). Loadings are shares of
// grid.max_loading. Keys that a kind has no use for keep their defaults.
struct RungSpec {
  enum class Kind : std::uint8_t {
    none,  // the grid operator watches and does nothing
    time_of_use,
    dynamic_grid_fee,
    capacity_tariff,
    dimming_14a,
    envelopes,
    flexibility,
    curtailment,
  };
  Kind kind{};
  double max_loading = 0.95;         // it acts on what is above, and brings it down to there
  double voltage_margin_pu = 0.005;  // likewise this far inside grid.v_min_pu and v_max_pu
  // time-of-use: hours of the local day, and what is added to a kWh in them
  double high_from_h = 17, high_until_h = 21, low_from_h = 0, low_until_h = 6;
  ledger::Price high{100'000}, low{-50'000};
  // dynamic-grid-fee: added in slots whose forecast loading is above `from_loading`, all of it
  // from `full_loading` on
  ledger::Price fee{150'000};
  double from_loading = 0.5, full_loading = 1;
  // capacity-tariff: for the highest import of a slot, its mean power, in a calendar month of the
  // zone (ledger/base/local_time.hpp); homes are billed for it (market/settlement/capacity.hpp)
  ledger::MicroEuros capacity_price{4'000'000};  // per kW
  std::string zone;                              // by name; empty: the offset of time.start
  // dimming-14a: less grid fee for each controllable device (BK8-22/010-A, module 1)
  double relief_eur_per_year = 150;
  // flexibility: what homes ask for a kWh more or less is drawn between these
  ledger::Price offer_from{50'000}, offer_to{250'000};
  // curtailment: what a kWh of household load that is not served is worth
  ledger::Price lost_load{10'000'000};
};
// Their names in a scenario, in the enum's order.
const std::vector<std::string>& names_of_rungs();

struct OutputSpec {
  std::string recording;  // a validator's name ("validator-1") or empty
};

struct Scenario {
  std::string name;
  std::uint64_t seed = 1;
  TimeSpec time;
  GridSpec grid;
  WeatherSpec weather;
  PricesSpec prices;
  MarketSpec market;
  LedgerSpec ledger;
  OracleSpec oracle;
  ConsensusSpec consensus;
  std::vector<HomeSpec> homes;
  std::vector<MeterSpec> meters;
  std::vector<FaultSpec> faults;  // of the grid, in order of time, none during another
  std::vector<ValidatorFault> validator_faults;  // in order of `at`
  std::vector<MeterFault> meter_faults;          // as they stand in the file
  std::vector<Attack> attacks;                   // likewise
  std::vector<RegistryEvent> events;             // likewise
  std::vector<OracleFault> oracle_faults;        // likewise
  std::vector<RungSpec> congestion;  // the ladder, in its order; none: there is no grid operator
  OutputSpec output;

  // Feeder meters are numbered behind the homes'.
  std::string name_of_meter(std::uint32_t meter) const {
    if (meter < homes.size()) return homes[meter].name;
    return "feeder-meter-" + std::to_string(meter - homes.size());
  }
};

}  // namespace twin
