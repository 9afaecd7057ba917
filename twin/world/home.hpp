#pragma once
// One home: its devices on one connection, and what they draw together.

#include <memory>
#include <optional>

#include "twin/device/battery.hpp"
#include "twin/device/ev.hpp"
#include "twin/device/heat_pump.hpp"
#include "twin/device/household.hpp"
#include "twin/device/pv.hpp"
#include "twin/world/world.hpp"

namespace twin {

// The grid file's own series of a connection, where there is one: mean powers from local midnight
// of the scenario's first day on, going around where it ends.
struct ProfileView {
  std::span<const double> values_w;
  double step_s = 0;
};

class Home {
 public:
  // `rng`: the home's own stream. `profile` must outlive the home.
  Home(const HomeSpec& spec, const Connection& connection, ProfileView profile,
       ledger::CivilTime start, const WeatherSample& sky, const ledger::Rng& rng);

  // All devices over [from, from + span) under the sky at its beginning.
  const HomeState& step(ledger::Instant from, ledger::Duration span, const WeatherSample& sky);
  const HomeState& state() const { return state_; }
  // Another series in its place, from the next step on.
  void read(ProfileView profile) { profile_ = profile; }

  // Of the last step.
  double consumed_w() const;
  // Since the start.
  double stored_delta_wh() const;
  double storage_losses_wh() const;

 private:
  double load_w(ledger::Instant from, ledger::Duration span);
  double profile_w(ledger::Instant from, ledger::Duration span) const;
  double hot_water_w(ledger::Instant at) const;
  void spread(double power_w, std::uint8_t phases, Phases& draw) const;

  HomeSpec spec_;
  std::uint8_t phases_ = 0b111;
  double tan_phi_ = 0;                  // reactive over active power of the load
  std::array<double, 3> load_share_{};  // by phase
  std::uint8_t single_phase_ = 1;       // of one-phase PV, battery and car
  ProfileView profile_;
  ledger::CivilTime start_;
  std::optional<Household> household_;
  std::optional<Pv> pv_;
  std::optional<Battery> battery_;
  std::optional<Ev> ev_;
  std::optional<HeatPump> heat_pump_;
  double hot_water_factor_ = 1, hot_water_shift_h_ = 0;  // the household's habits
  HomeState state_;
};

}  // namespace twin
