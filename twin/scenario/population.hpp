#pragma once
// The homes that a scenario asks for: a [[population]] says what shares of them have which devices
// and from what ranges their figures are drawn, a [[prosumer]] is one home written out.

#include <cstdint>
#include <optional>
#include <string>

#include "twin/scenario/home_contracts.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

// A gateway's marks and statements open one part a meter, and a transaction at most 4,096 of them.
inline constexpr std::int64_t max_homes = 4'000;

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
struct AirConditionerRanges {
  double share = 0;
  Range cooling_kw{}, heat_loss{}, capacity{}, set_point{}, window_m2{};
};
struct LoadRanges {
  LoadSpec::Kind kind = LoadSpec::Kind::household;
  std::string where_kind, where_file;
  Range annual_kwh{}, power_factor{};
  std::string file, profile;
  std::optional<ledger::Duration> step;
};

// How large a part of the homes bids by which strategy, in the enum's order; together 1.
using StrategyShares = std::vector<double>;

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
  AirConditionerRanges air_conditioner;
  StrategyShares strategy;
  ai::Schedule schedule = ai::Schedule::rule;
  std::vector<ContractRanges> contracts;
  PreferenceRanges prefers;
};

// One home written out.
struct Prosumer {
  std::string where_name, where_connection;
  std::string name, connection;
  Population figures;  // its ranges are single numbers
};

// `steered`: there is a grid operator, whose prices homes can plan by.
Population read_population(TomlTable t, bool steered);
Prosumer read_prosumer(TomlTable t, bool steered);

// One home of it. Its figures come from the seed and its own name alone, and every figure is drawn
// whether it is used or not, so that neither another home nor one device's share changes others.
HomeSpec sample_home(const Population& p, const std::string& name, std::uint64_t seed);

}  // namespace twin
