#include "ai/home_outlook.hpp"

#include <algorithm>
#include <cmath>

namespace ai {
namespace {

// A slot at the plan's powers; what its car and battery have then. What they take of the slot, Wh.
struct Taken {
  double car_wh = 0, battery_wh = 0;
};
Taken pass(const HomeDevices& d, const HomePlan& plan, double hours, HomeNow& now) {
  Taken out;
  out.car_wh = std::min(plan.ev_w * std::min(hours, now.ev_hours), now.ev_wanted_wh);
  now.ev_wanted_wh -= out.car_wh;
  now.ev_hours -= hours;
  if (now.ev_hours <= 0) now.ev_hours = now.ev_wanted_wh = 0;
  if (d.battery_wh <= 0) return out;
  const double efficiency = std::sqrt(d.battery_round_trip);
  const double by_w = plan.battery_w > 0 ? efficiency : 1 / efficiency;
  const double stored = plan.battery_w * hours * by_w / d.battery_wh;
  const double before = now.battery_charge;
  now.battery_charge = std::clamp(before + stored, 0.0, 1.0);
  out.battery_wh = (now.battery_charge - before) * d.battery_wh / by_w;
  return out;
}

}  // namespace

HomeOutlook outlook_by_price(const HomeDevices& d, const HomeNow& now, const HomePrices& prices,
                             std::span<const std::int64_t> rest_wh, double elapsed_h) {
  HomeOutlook out;
  HomeNow then = now;
  for (std::size_t k = 0; k < std::min(prices.eur_per_kwh.size(), rest_wh.size()); ++k) {
    const double rest_w = static_cast<double>(rest_wh[k]) / prices.slot_h;
    then.load_w = std::max(0.0, rest_w);
    then.pv_w = std::max(0.0, -rest_w);
    then.heat_pump_w = 0;
    const HomePlan plan = plan_by_price(d, then, later(prices, k));
    const Taken taken =
        pass(d, plan, k == 0 ? std::max(0.0, prices.slot_h - elapsed_h) : prices.slot_h, then);
    out.car_wh.push_back(std::llround(taken.car_wh));
    out.net_wh.push_back(rest_wh[k] + std::llround(taken.car_wh + taken.battery_wh));
  }
  return out;
}

}  // namespace ai
