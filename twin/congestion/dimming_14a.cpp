#include "twin/congestion/dimming_14a.hpp"

#include <algorithm>
#include <cmath>

namespace twin {
namespace {

constexpr double large_heat_pump_w = 11'000;
constexpr double heat_pump_share = 0.4;

double simultaneity(int devices) { return std::max(0.45, 0.8 - 0.05 * (devices - 2)); }

}  // namespace

double least_controllable_w(int devices, double heat_pump_w) {
  if (devices == 0) return 0;
  const double base_w = heat_pump_w > large_heat_pump_w
                            ? std::max(guaranteed_w, heat_pump_share * heat_pump_w)
                            : guaranteed_w;
  return devices == 1 ? base_w : base_w + (devices - 1) * simultaneity(devices) * guaranteed_w;
}

int controllable_devices(const ai::HomeDevices& d) {
  return (d.ev_w > guaranteed_w) + (d.heat_pump_w > guaranteed_w) + (d.battery_w > guaranteed_w);
}

double counted_heat_pump_w(const ai::HomeDevices& d) {
  return d.heat_pump_w > guaranteed_w ? d.heat_pump_w : 0;
}

std::optional<ContractSpec> relief_contract(const RungSpec& rung, const ai::HomeDevices& devices,
                                            ledger::Duration slot) {
  constexpr double hours_a_year = 8760;
  const int counted = controllable_devices(devices);
  if (counted == 0) return std::nullopt;
  const double slot_h = slot.seconds() / 3600;
  const double guaranteed_kwh =
      least_controllable_w(counted, counted_heat_pump_w(devices)) / 1000 * slot_h;
  const double eur_a_slot = rung.relief_eur_per_year * counted * slot_h / hours_a_year;
  ContractSpec out;
  out.of = market::Template::controllable_load;
  out.energy.value = std::max<std::int64_t>(1, std::llround(guaranteed_kwh * 1000));
  out.price.value = std::llround(eur_a_slot * 1e9 / static_cast<double>(out.energy.value));
  return out;
}

void Dimming14a::act(const Situation& now, LadderPlan& plan) const {
  const std::size_t homes = now.homes.size();
  for (const Constraint* c : those_over(now, plan)) {
    const double most = largest_push(*c);
    // What each draws by now, and what it would keep.
    std::vector<double> draws(homes), keeps(homes);
    for (std::size_t h = 0; h < homes; ++h) {
      draws[h] = std::min(now.homes[h].controllable_w, plan.limits[h].controllable_w);
      const bool dimmable =
          now.homes[h].least_controllable_w > 0 && push(*c, h) >= least_effect * most;
      keeps[h] = dimmable ? std::min(draws[h], now.homes[h].least_controllable_w) : draws[h];
    }
    const auto change = [&](double level) {
      std::vector<double> out(homes);
      for (std::size_t h = 0; h < homes; ++h) out[h] = -level * (draws[h] - keeps[h]);
      return out;
    };
    const std::vector<double> changes = change(smallest_level(*c, plan, change));
    Measure measure = measure_of(*c, plan);
    std::vector<double> limit_w(homes);
    for (std::size_t h = 0; h < homes; ++h) {
      limit_w[h] = draws[h] + changes[h];
      if (changes[h] <= -1) plan.limits[h].controllable_w = limit_w[h];
    }
    carry(*c, changes, plan, measure, limit_w);
    if (!measure.homes.empty()) plan.measures.push_back(std::move(measure));
  }
}

}  // namespace twin
