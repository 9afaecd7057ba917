#pragma once
// What a home does with its devices: from its state, prices and the grid operator's limits to one
// set-point a device. Powers in W, import positive; a limit that is not there is infinite.
//
// 1. plan_by_price: what the home wants by itself.
//      EV           charges in the cheapest slots before departure that would suffice at half of
//                   its power, and at the power that suffices in them. Prices count in steps of
//                   `worth_waiting_eur_per_kwh` from the cheapest known one on; of slots on one
//                   step it takes whole hours in an order drawn by lot, its own: homes with one
//                   tariff would begin together otherwise (against which the UK's Smart Charge
//                   Points Regulations 2021 want a random delay of up to half an hour). Where its
//                   grid operator reckons with plans (`kept`), it does so at equal prices as well,
//                   and a slot that it has planned counts a step cheaper: its own plan is in that
//                   slot's price. Where peaks cost, it charges in all slots on one step, at the
//                   power that just suffices, or more as far as the home stays below the peak that
//                   it has had
//      heat pump    runs as its thermostat wants; not in a slot that is dearer than the mean of
//                   those known by `worth_waiting_eur_per_kwh`, while it is warm
//      battery      takes surplus and covers deficit. Where prices differ it covers deficit only
//                   in slots that are no cheaper than the mean, and fills up from the grid in those
//                   so cheap that its losses are paid by the mean, at the power that suffices
//    Instead of these a home may follow exact plans (home_schedule.hpp).
// 2. within_limits: the smallest change of that which keeps the limits, in this order
//      controllable  EV, heat pump and battery charging together draw at most the limit and what
//                    the home has left of its own PV (BK6-22-300, annex 1, 2.3 and 4.5.2); heat
//                    first, then the car, then the battery
//      import        less charging of the battery, then of the car, then heat, then the battery
//                    covers what is left
//      export        more charging of the battery, then of the car, then PV is held back
//      shift         the exchange changes by so much against what is left by then: down by the
//                    battery, car and heat, up by the battery and the car
// A car's charger cannot go below `ev_least_w` and then waits (IEC 61851-1).

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace ai {

inline constexpr double no_limit = std::numeric_limits<double>::infinity();
inline constexpr double worth_waiting_eur_per_kwh = 0.03;
inline constexpr double warm_enough_k = 0.3;
inline constexpr double empty_charge = 0.01, full_charge = 0.99;  // of a battery

struct HomeDevices {  // ratings; 0 where there is none
  double pv_w = 0;
  double battery_w = 0, battery_wh = 0, battery_round_trip = 1;
  double ev_w = 0, ev_least_w = 0;
  double heat_pump_w = 0;
  std::uint64_t lot = 0;  // a number of its own, by which it draws hours
};

struct HomeNow {
  double load_w = 0, pv_w = 0;            // PV: what is available
  double heat_pump_w = 0;                 // that its thermostat wants
  double warmth_k = 0;                    // above what the thermostat lets it fall to
  double ev_wanted_wh = 0, ev_hours = 0;  // of a car that is plugged in, until it leaves
  double battery_charge = 0;              // 0..1
};

struct HomeLimits {
  double import_w = no_limit, export_w = no_limit;
  double controllable_w = no_limit;
  double pv_w = no_limit, load_w = no_limit;
  double shift_w = 0;
  bool any() const;
};

// What a kWh costs from the running slot on; empty or all equal: prices move nothing.
struct HomePrices {
  std::vector<double> eur_per_kwh;
  double slot_h = 0.25;
  std::uint32_t slot = 0;       // the running one
  double sell_eur_per_kwh = 0;  // that a kWh fed in earns
  double eur_per_kw = 0;        // for the highest import
  double peak_w = 0;            // that the home has had
  // By slot: whether its car planned to charge in it when it last said so. Empty where its grid
  // operator does not reckon with plans.
  std::vector<bool> kept{};
};

struct HomePlan {
  double load_w = 0, pv_w = 0, heat_pump_w = 0, ev_w = 0, battery_w = 0;
  double net_w() const { return load_w + heat_pump_w + ev_w + battery_w - pv_w; }
  double controllable_w() const { return heat_pump_w + ev_w + (battery_w > 0 ? battery_w : 0); }
};

struct HomeSetPoints {  // none: the device is left to itself
  std::optional<double> pv_limit_w, battery_w, ev_limit_w, heat_pump_limit_w, load_limit_w;
};

// By which of slots at one price a car takes some before others: lower first, alike for all of an
// hour.
std::uint64_t lot_of(const HomeDevices& devices, const HomePrices& prices, std::size_t slots_ahead);

HomePlan plan_by_price(const HomeDevices& devices, const HomeNow& now, const HomePrices& prices);

// What an operator would see of the slots ahead: prices from the slot `by` later on.
HomePrices later(const HomePrices& prices, std::size_t by);
HomePlan within_limits(const HomeDevices& devices, const HomeNow& now, const HomePlan& wanted,
                       const HomeLimits& limits);

// By how much its devices could lower and raise a plan's exchange at once, >= 0.
struct HomeFlexibility {
  double down_w = 0, up_w = 0;
};
HomeFlexibility flexibility_of(const HomeDevices& devices, const HomeNow& now,
                               const HomePlan& plan);

// What of a plan's import is of use to the home: all up to `idle_w`, which it draws without its car
// and without charging its battery; beyond, `least_w` or more, with which its car charges. Equal
// where no car charges by the plan.
struct ImportUse {
  double idle_w = 0, least_w = 0;
  double slack_h = no_limit;  // that the car can wait yet: until it leaves, less at full power
};
ImportUse import_use_of(const HomeDevices& devices, const HomeNow& now, const HomePlan& plan);

// What has to be said so that the devices do it.
HomeSetPoints set_points_for(const HomeDevices& devices, const HomeNow& now, const HomePlan& plan,
                             const HomeLimits& limits);

}  // namespace ai
