#pragma once
// What exists: the feeder, its homes with their devices, the weather and the meters' registers,
// advanced one physics step at a time. The world knows nothing of gateways, ledger or market.
//
// One step of length dt from t to t+dt:
//   1. every home's devices act on the weather of the step, their own state and the set-points they
//      were given for it: P, Q by phase
//   2. the power flow gives voltages, currents, losses at those powers
//   3. meters integrate: registers rise by the step's energy, rounded once to mWh with the
//      remainder carried, so that a register never drifts from the physics
// Import from the grid is positive. Devices act without regard to voltage; what loads draw at it is
// the power flow's answer, and that is what meters, energy and losses are made of.
// A step whose power flow does not converge is counted; the grid, and with it every meter, then
// stays at the last step that did, and what homes asked for beyond it counts as unserved.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/base/amounts.hpp"
#include "ledger/base/time.hpp"
#include "twin/device/set_points.hpp"
#include "twin/grid/flow/grid_figures.hpp"
#include "twin/grid/flow/power_flow.hpp"
#include "twin/grid/model/network.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/weather/sun.hpp"

namespace twin {

class WeatherSeries;

// What a meter shows at the end of a metering interval.
struct MeterSample {
  std::uint32_t meter = 0;  // homes in their order, then the feeder meter, which measures energy
                            // at the source's bus and voltage at the low-voltage busbar
  ledger::Instant time;     // nominal
  ledger::MilliWattHours import_register, export_register;
  std::int32_t power_w = 0;    // mean over the interval, import positive
  std::uint8_t voltage_v = 0;  // lowest used phase, whole volts, 255 for more

  // Of a meter that gives its registers now and then: `held` ones are the last that it gave, and
  // what has flowed since is not known; `nothing` is no reading.
  enum class Given : std::uint8_t { measured, held, nothing };
  Given given = Given::measured;
};

// What one home did in the last step, W, for figures and views.
struct HomeState {
  Phases draw_va{};      // at the meter, import positive
  double load_w = 0;     // consumed by the household, its cooling and inverters on standby
  double pv_w = 0;       // fed in by PV, >= 0
  double battery_w = 0;  // charging positive
  double ev_w = 0, heat_pump_w = 0;
  double battery_charge = 0;  // 0..1, of capacity; -1 without a battery
  double cooling_w = 0;       // of load_w, by the air conditioner
  double indoor_c = 0;
  // What set-points made of it, all >= 0.
  double curtailed_w = 0;      // PV that was available and not fed in
  double shed_w = 0;           // household load that was not served
  double battery_asked_w = 0;  // of the battery, by set-point or by the home's own policy
  double ev_held_back_w = 0;   // that the car would have drawn more
  double ev_deferred_wh = 0;   // that the car is behind now
  double ev_wanted_wh = 0;     // of a car that is plugged in: before it leaves ...
  double ev_hours = 0;         // ... in so many hours
  double ev_unmet_wh = 0;      // given up in this step: not to be had before departure
  double heat_pump_held_back_w = 0;
  double heat_pump_blocked_s = 0;  // of this step: wanted to run, was not allowed to at all
  double cold_kh = 0;              // of this step: kelvin-hours below the thermostat's band
  double warm_kh = 0;              // of this step: above the air conditioner's set point
  double warmth_k = 0;             // above the band's lower end
};

// Loads and plants of the grid file at connections without a home, in the last step, W, >= 0. They
// run at the file's power.
struct OthersState {
  double drawn_w = 0, fed_in_w = 0;
};

// Energy since the start, from the physics' own doubles, kWh. Each is a sum of its own terms:
// losses from the branches and shunts, stored energy from the batteries' states.
struct EnergyTotals {
  // Household, EV, heat pump, battery standby, and the grid file's own loads without a home.
  double consumed_kwh = 0;
  // Fed in by homes' PV and the grid file's plants; available and kept back by set-points.
  double generated_kwh = 0, curtailed_kwh = 0;
  double imported_kwh = 0, exported_kwh = 0;  // at the source, step by step
  double losses_kwh = 0;
  double stored_delta_kwh = 0, storage_losses_kwh = 0;
  // Asked for in steps that did not converge, beyond what was drawn; household load that was shed;
  // what cars could not charge before they left.
  double unserved_kwh = 0;
};

// The network that a scenario names: its grid file, or a generated feeder. Loads answer to voltage
// as the scenario says, whatever the file's own limits are.
tl::expected<Network, std::string> make_network(const GridSpec& grid, std::uint64_t seed,
                                                const LoadFile& load);

// What the scenario's weather file tells, if it covers the scenario's time.
tl::expected<std::shared_ptr<const WeatherSeries>, std::string> make_weather(
    const Scenario& scenario, const LoadFile& load);

class World {
 public:
  // Nothing is created if the grid or weather file is wrong; the message names file, line and what
  // to do.
  static tl::expected<std::unique_ptr<World>, std::string> create(const Scenario& scenario,
                                                                  const LoadFile& load);
  virtual ~World() = default;

  virtual const Network& network() const = 0;
  virtual Place place() const { return {}; }  // over which its sun stands
  virtual std::uint32_t meters() const = 0;   // homes + 1 feeder meter (the last)

  // For the next step alone: the power of a home that is measured on a real device instead.
  virtual void measured(std::uint32_t home, const Phases& draw_va) = 0;

  // For the next step alone: what a controller asks of a home; the last word counts. Finite.
  virtual void set(std::uint32_t home, const SetPoints& asked) = 0;

  virtual void step() = 0;
  virtual ledger::Instant now() const = 0;  // end of the last step
  // A meter's registers as they stand now; its power and voltage are those of the last sample.
  virtual MeterSample registers(std::uint32_t meter) const = 0;
  // Those of the metering interval that ended with the last step, by meter; else empty.
  virtual std::span<const MeterSample> samples() const = 0;

  virtual const PowerFlowResult& grid() const = 0;
  virtual std::span<const HomeState> homes() const = 0;
  virtual OthersState others() const { return {}; }
  virtual EnergyTotals energy() const = 0;
  virtual GridTotals grid_totals() const { return {}; }
  virtual const GridFigures* grid_figures() const { return nullptr; }

  // Net energy of each market slot of the seven days before the start, oldest first, Wh, import
  // positive: what the home's meter had recorded by then. The same device models, without a grid,
  // at one-minute resolution, running through the seven days. A grid file that has a single day
  // gives connection c, d days before, the series of connection c + d.
  virtual std::vector<std::int64_t> history_wh(std::uint32_t home) const = 0;
  // Likewise without its car and battery, as meters of these would have told the home.
  virtual std::vector<std::int64_t> rest_history_wh(std::uint32_t) const { return {}; }
};

}  // namespace twin
