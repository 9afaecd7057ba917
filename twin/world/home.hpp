#pragma once
// One home: its devices on one connection, and what they draw together.

#include <memory>
#include <optional>

#include "twin/device/air_conditioner.hpp"
#include "twin/device/battery.hpp"
#include "twin/device/ev.hpp"
#include "twin/device/heat_pump.hpp"
#include "twin/device/household.hpp"
#include "twin/device/pv.hpp"
#include "twin/device/standard_profile.hpp"
#include "twin/world/load_sources.hpp"
#include "twin/world/world.hpp"

namespace twin {

class Home {
 public:
  // `rng`: the home's own stream. `profile`: what its load follows where it is no
  // household; what that looks into must outlive the home.
  Home(const HomeSpec& spec, const Connection& connection, ProfileView profile,
       ledger::CivilTime start, const WeatherSample& sky, const ledger::Rng& rng);

  // What is asked of the next step; then the home is left to itself again.
  void set(const SetPoints& asked) { asked_ = asked; }
  // All devices over [from, from + span), whose equal pieces see these skies (Weather::over).
  const HomeState& step(ledger::Instant from, ledger::Duration span,
                        std::span<const WeatherSample> skies);
  const HomeState& state() const { return state_; }
  // What its battery could take and give over a step, W at its terminals, >= 0.
  double most_charging_w(double hours) const {
    return battery_ ? battery_->most_charging_w(hours) : 0;
  }
  double most_discharging_w(double hours) const {
    return battery_ ? battery_->most_discharging_w(hours) : 0;
  }
  bool has_battery_on_all_phases() const;
  // Its battery also takes this much (charging positive) in the step that has just been done, as
  // far as it can; gives what it did, W.
  double balance(double power_w, ledger::Duration span);
  // Another series in its place, from the next step on.
  void read(ProfileView profile) { profile_ = profile; }

  // Of the last step.
  double consumed_w() const;
  // Since the start.
  double stored_delta_wh() const { return battery_ ? battery_->stored_wh() : 0; }
  double storage_losses_wh() const { return battery_ ? battery_->losses_wh() : 0; }

 private:
  using Shares = std::array<double, 3>;  // by phase, 1 together
  void wire(const HomeSpec& spec, std::uint8_t phases, ledger::Rng rng);
  double load_w(ledger::Instant from, ledger::Duration span);
  double profile_w(ledger::Instant from, ledger::Duration span) const;
  double hot_water_w(ledger::Instant at) const;
  // The household's own load, W, and what the devices draw; each fills its part of the state.
  double serve_load(ledger::Instant from, ledger::Duration span);
  void charge_car(ledger::Instant from, ledger::Duration span);
  void cool(double household_w, double hours, const WeatherSample& sky);
  void run_heat_pump(ledger::Instant from, ledger::Duration span, double outdoor_c);
  void run_battery(double hours);
  void draw(double household_w, double pv_w, double ev_w, double rest_w);

  double tan_phi_ = 0;  // reactive over active power of the load
  Shares load_share_{}, pv_share_{}, ev_share_{}, rest_share_{};
  ProfileView profile_;
  ledger::CivilTime start_;
  std::optional<Household> household_;
  std::optional<StandardLoad> standard_;
  std::optional<Pv> pv_;
  std::optional<Battery> battery_;
  std::optional<Ev> ev_;
  std::optional<HeatPump> heat_pump_;
  std::optional<AirConditioner> air_conditioner_;
  double hot_water_factor_ = 1, hot_water_shift_h_ = 0;  // the household's habits
  SetPoints asked_;
  HomeState state_;
};

// All of them over one step, in their order.
void step_homes(std::span<Home> homes, ledger::Instant from, ledger::Duration span,
                std::span<const WeatherSample> skies);

}  // namespace twin
