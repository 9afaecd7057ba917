#pragma once
// Dimming under section 14a EnWG (Bundesnetzagentur, BK6-22-300 of 27 November 2023, annex 1): the
// grid operator may reduce what controllable devices (car, heat pump, battery charging) draw from
// the grid, as far and as long as an overload wants it and never below what is guaranteed.
//
//   guaranteed (4.5.2, several devices behind one energy manager)
//     P = base + (n - 1) g(n) 4.2 kW      base: 4.2 kW, or 0.4 of the heat pumps' power where that
//                                          is above 11 kW and more than 4.2 kW
//     g(n) = 0.80 for two devices, 0.05 less for each further one, 0.45 from nine on
//   a device counts if it can draw more than 4.2 kW (2.4)
//   own PV that the household leaves over may be drawn beside it (2.3)
// All homes behind the element are dimmed alike: each keeps what is guaranteed and the same share
// of what it would draw beyond.

#include <optional>

#include "twin/congestion/rung.hpp"

namespace twin {

inline constexpr double guaranteed_w = 4200;

// `heat_pump_w`: electric rating of those that count, together.
double least_controllable_w(int devices, double heat_pump_w);
// How many of a home's devices count, and what heat pumps among them draw at most; ratings in W.
int controllable_devices(const ai::HomeDevices& devices);
double counted_heat_pump_w(const ai::HomeDevices& devices);

// What a home with such devices signs with the grid operator where the rung acts
// (market/settlement/flexibility.hpp): what is guaranteed, as energy of a slot, and the relief, as
// the price of a kWh of it, such that a year of 365 days of slots comes to the rung's relief for
// each device, but for what whole micro-euros leave.
std::optional<ContractSpec> relief_contract(const RungSpec& rung, const ai::HomeDevices& devices,
                                            ledger::Duration slot);

class Dimming14a final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation& now, LadderPlan& plan) const override;
};

}  // namespace twin
