#include "ai/home_manager.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "ai/self_consumption_policy.hpp"
#include "ledger/base/rng.hpp"

namespace ai {
namespace {

// Of a plug's power, by which a car that waits for cheap slots reckons: others wait for the same
// ones, and the grid may not carry all of them at once.
constexpr double reckoned_share = 0.5;

// Slots that begin before departure, as far as prices are known.
std::size_t slots_left(const HomeNow& now, const HomePrices& p) {
  return std::min(p.eur_per_kwh.size(),
                  static_cast<std::size_t>(std::max(1.0, now.ev_hours / p.slot_h)));
}

std::size_t slots_wanted(const HomeDevices& d, const HomeNow& now, const HomePrices& p) {
  const double slot_wh = reckoned_share * d.ev_w * p.slot_h;
  return static_cast<std::size_t>(std::ceil(now.ev_wanted_wh / slot_wh - 1e-9));
}

double most_charging_w(const HomeDevices& d, const HomeNow& now) {
  return now.battery_charge < full_charge ? d.battery_w : 0;
}

double most_discharging_w(const HomeDevices& d, const HomeNow& now) {
  return now.battery_charge > empty_charge ? d.battery_w : 0;
}

bool prices_differ(const HomePrices& p) {
  return std::any_of(p.eur_per_kwh.begin(), p.eur_per_kwh.end(),
                     [&](double v) { return v != p.eur_per_kwh.front(); });
}

double mean_of(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

bool is_dear(const HomePrices& p) {
  return prices_differ(p) &&
         p.eur_per_kwh.front() > mean_of(p.eur_per_kwh) + worth_waiting_eur_per_kwh;
}

// Of the slots before departure: how many steps each is above the cheapest known one.
std::vector<double> steps_of(const HomeNow& now, const HomePrices& p) {
  const double cheapest = *std::min_element(p.eur_per_kwh.begin(), p.eur_per_kwh.end());
  std::vector<double> out;
  for (std::size_t k = 0; k < slots_left(now, p); ++k) {
    const double steps = (p.eur_per_kwh[k] - cheapest) / worth_waiting_eur_per_kwh;
    out.push_back(std::floor(steps + 1e-9) - (k < p.kept.size() && p.kept[k] ? 1 : 0));
  }
  return out;
}

// Is the running slot among the cheapest that suffice?
bool charges_now(const HomeDevices& d, const HomeNow& now, const HomePrices& p) {
  const std::vector<double> steps = steps_of(now, p);
  const auto cheaper = std::count_if(steps.begin() + 1, steps.end(),
                                     [&](double step) { return step < steps.front(); });
  return static_cast<std::size_t>(cheaper) < slots_wanted(d, now, p);
}

// At the power that suffices in the slots that it takes; 0 where the running one is none of them.
double ev_in_its_hours(const HomeDevices& d, const HomeNow& now, const HomePrices& p) {
  const std::vector<double> steps = steps_of(now, p);
  std::vector<std::tuple<double, std::uint64_t, std::size_t>> slots;
  for (std::size_t k = 0; k < steps.size(); ++k) slots.emplace_back(steps[k], lot_of(d, p, k), k);
  const auto running = slots.front();
  std::sort(slots.begin(), slots.end());
  slots.resize(std::min(slots.size(), slots_wanted(d, now, p)));
  if (std::find(slots.begin(), slots.end(), running) == slots.end()) return 0;
  const double hours = std::max(1.0, static_cast<double>(slots.size()) - 1) * p.slot_h;
  return now.ev_wanted_wh / std::clamp(now.ev_hours, 1e-3, hours);
}

// Until departure, in slots on no higher step than the running one; a slot less, since the last one
// is cut.
double hours_as_cheap(const HomeNow& now, const HomePrices& p) {
  if (!prices_differ(p)) return std::max(now.ev_hours - p.slot_h, p.slot_h);
  const std::vector<double> steps = steps_of(now, p);
  const auto slots =
      std::count_if(steps.begin(), steps.end(), [&](double step) { return step <= steps.front(); });
  return p.slot_h * std::max(1.0, static_cast<double>(slots) - 1);
}

double ev_by_price(const HomeDevices& d, const HomeNow& now, const HomePrices& p) {
  if (now.ev_wanted_wh <= 0 || d.ev_w <= 0) return 0;
  const auto within = [&](double w) {
    return std::clamp(w, std::min(d.ev_least_w, d.ev_w), d.ev_w);
  };
  if (p.eur_per_kw <= 0) {
    if (!prices_differ(p) && p.kept.empty()) return d.ev_w;
    const double w = ev_in_its_hours(d, now, p);
    return w > 0 ? within(w) : 0;
  }
  if (prices_differ(p) && !charges_now(d, now, p)) return 0;
  const double sufficient_w = now.ev_wanted_wh / hours_as_cheap(now, p);
  const double below_peak_w = p.peak_w - now.load_w - now.heat_pump_w + now.pv_w;
  return within(std::max(sufficient_w, below_peak_w));
}

// Charging from the grid that fills it by the end of the slots that are as cheap.
double filling_w(const HomeDevices& d, const HomeNow& now, const HomePrices& p, double below) {
  const auto dearer = std::find_if(p.eur_per_kwh.begin(), p.eur_per_kwh.end(),
                                   [&](double v) { return v >= below; });
  const auto slots = static_cast<double>(dearer - p.eur_per_kwh.begin());
  const double missing_wh =
      (1 - now.battery_charge) * d.battery_wh / std::sqrt(d.battery_round_trip);
  const double hours = std::max(1.0, slots - 1) * p.slot_h;
  return std::min(most_charging_w(d, now), missing_wh / hours);
}

double battery_by_price(const HomeDevices& d, const HomeNow& now, const HomePrices& p,
                        double net_w) {
  const double own_w = std::clamp(self_consumption_set_point(net_w), -most_discharging_w(d, now),
                                  most_charging_w(d, now));
  if (!prices_differ(p) || d.battery_w <= 0) return own_w;
  const double price = p.eur_per_kwh.front(), mean = mean_of(p.eur_per_kwh);
  if (price < d.battery_round_trip * mean)
    return std::max(own_w, filling_w(d, now, p, d.battery_round_trip * mean));
  return price < mean ? std::max(0.0, own_w) : own_w;
}

// Takes up to `most` of `wanted` away from a power that stays >= 0; gives what is left of wanted.
double take(double& power_w, double wanted_w) {
  const double taken = std::clamp(wanted_w, 0.0, std::max(0.0, power_w));
  power_w -= taken;
  return wanted_w - taken;
}

// A charger that would have to go below its least power waits.
double take_from_car(const HomeDevices& d, double& ev_w, double wanted_w) {
  if (wanted_w <= 0 || ev_w <= 0) return wanted_w;
  const double before_w = ev_w;
  ev_w = std::max(0.0, ev_w - wanted_w);
  if (ev_w < std::min(d.ev_least_w, d.ev_w)) ev_w = 0;
  return std::max(0.0, wanted_w - (before_w - ev_w));
}

// Lets the battery give more; gives what is left of wanted.
double cover(const HomeDevices& d, const HomeNow& now, double& battery_w, double wanted_w) {
  const double room = std::max(0.0, battery_w + most_discharging_w(d, now));
  const double given = std::clamp(wanted_w, 0.0, room);
  battery_w -= given;
  return wanted_w - given;
}

double store(const HomeDevices& d, const HomeNow& now, double& battery_w, double wanted_w) {
  const double taken =
      std::clamp(wanted_w, 0.0, std::max(0.0, most_charging_w(d, now) - battery_w));
  battery_w += taken;
  return wanted_w - taken;
}

double fill_car(const HomeDevices& d, const HomeNow& now, double& ev_w, double wanted_w) {
  if (now.ev_wanted_wh <= 0 || wanted_w <= 0) return wanted_w;
  const double to_w = std::min(d.ev_w, ev_w + wanted_w);
  if (to_w < std::min(d.ev_least_w, d.ev_w)) return wanted_w;
  return wanted_w - (to_w - std::exchange(ev_w, to_w));
}

void keep_controllable(const HomeDevices& d, const HomeLimits& limits, HomePlan& plan) {
  if (plan.controllable_w() <= limits.controllable_w) return;
  double budget_w = limits.controllable_w + std::max(0.0, plan.pv_w - plan.load_w);
  plan.heat_pump_w = std::min(plan.heat_pump_w, budget_w);
  budget_w -= plan.heat_pump_w;
  take_from_car(d, plan.ev_w, plan.ev_w - budget_w);
  budget_w -= plan.ev_w;
  if (plan.battery_w > 0) plan.battery_w = std::min(plan.battery_w, std::max(0.0, budget_w));
}

void lower(const HomeDevices& d, const HomeNow& now, HomePlan& plan, double by_w) {
  if (by_w <= 0) return;
  by_w = take(plan.battery_w, by_w);
  by_w = take_from_car(d, plan.ev_w, by_w);
  by_w = take(plan.heat_pump_w, by_w);
  cover(d, now, plan.battery_w, by_w);
}

void raise(const HomeDevices& d, const HomeNow& now, HomePlan& plan, double by_w) {
  if (by_w <= 0) return;
  by_w = store(d, now, plan.battery_w, by_w);
  fill_car(d, now, plan.ev_w, by_w);
}

void shift(const HomeDevices& d, const HomeNow& now, HomePlan& plan, double by_w) {
  if (by_w > 0) return raise(d, now, plan, by_w);
  double down_w = cover(d, now, plan.battery_w, -by_w);
  down_w = take_from_car(d, plan.ev_w, down_w);
  take(plan.heat_pump_w, down_w);
}

}  // namespace

bool HomeLimits::any() const {
  return std::min({import_w, export_w, controllable_w, pv_w, load_w}) < no_limit || shift_w != 0;
}

std::uint64_t lot_of(const HomeDevices& d, const HomePrices& p, std::size_t slots_ahead) {
  const auto together = static_cast<std::uint64_t>(std::max(1.0, std::round(1 / p.slot_h)));
  return ledger::Rng(d.lot).fork("hour", (p.slot + slots_ahead) / together).next();
}

HomePrices later(const HomePrices& p, std::size_t by) {
  HomePrices out = p;
  const auto skip = [&](auto& all) {
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(by, all.size())));
  };
  skip(out.eur_per_kwh);
  skip(out.kept);
  out.slot += static_cast<std::uint32_t>(by);
  return out;
}

HomePlan plan_by_price(const HomeDevices& d, const HomeNow& now, const HomePrices& p) {
  HomePlan plan{now.load_w, now.pv_w, 0, 0, 0};
  const bool waits = is_dear(p) && now.warmth_k > warm_enough_k;
  plan.heat_pump_w = waits ? 0 : now.heat_pump_w;
  plan.ev_w = ev_by_price(d, now, p);
  plan.battery_w = battery_by_price(d, now, p, plan.net_w());
  return plan;
}

HomePlan within_limits(const HomeDevices& d, const HomeNow& now, const HomePlan& wanted,
                       const HomeLimits& limits) {
  HomePlan plan = wanted;
  plan.load_w = std::min(plan.load_w, limits.load_w);
  plan.pv_w = std::min(plan.pv_w, limits.pv_w);
  keep_controllable(d, limits, plan);
  lower(d, now, plan, plan.net_w() - limits.import_w);
  raise(d, now, plan, -plan.net_w() - limits.export_w);
  take(plan.pv_w, -plan.net_w() - limits.export_w);
  shift(d, now, plan, limits.shift_w);
  return plan;
}

HomeFlexibility flexibility_of(const HomeDevices& d, const HomeNow& now, const HomePlan& plan) {
  HomePlan down = plan, up = plan;
  shift(d, now, down, -1e9);
  shift(d, now, up, 1e9);
  return {plan.net_w() - down.net_w(), up.net_w() - plan.net_w()};
}

ImportUse import_use_of(const HomeDevices& d, const HomeNow& now, const HomePlan& plan) {
  ImportUse out;
  out.idle_w = plan.net_w() - plan.ev_w - std::max(0.0, plan.battery_w);
  out.least_w = out.idle_w + (plan.ev_w > 0 ? std::min(d.ev_least_w, plan.ev_w) : 0);
  if (now.ev_wanted_wh > 0 && d.ev_w > 0)
    out.slack_h = std::max(0.0, now.ev_hours - now.ev_wanted_wh / d.ev_w);
  return out;
}

HomeSetPoints set_points_for(const HomeDevices& d, const HomeNow& now, const HomePlan& plan,
                             const HomeLimits& limits) {
  HomeSetPoints out;
  if (plan.load_w < now.load_w) out.load_limit_w = plan.load_w;
  if (plan.pv_w < now.pv_w) out.pv_limit_w = plan.pv_w;
  if (d.ev_w > 0 && now.ev_wanted_wh > 0 && plan.ev_w < d.ev_w) out.ev_limit_w = plan.ev_w;
  if (d.heat_pump_w > 0 && plan.heat_pump_w < now.heat_pump_w)
    out.heat_pump_limit_w = plan.heat_pump_w;
  // By itself a battery follows the home from step to step; a plan holds for a minute.
  const double rest_w = plan.net_w() - plan.battery_w;
  const double by_itself_w = std::clamp(self_consumption_set_point(rest_w),
                                        -most_discharging_w(d, now), most_charging_w(d, now));
  if (d.battery_w > 0 && std::abs(plan.battery_w - by_itself_w) > 1) out.battery_w = plan.battery_w;
  // What a device might begin before the next word.
  if (limits.controllable_w < no_limit) {
    if (d.heat_pump_w > 0 && !out.heat_pump_limit_w)
      out.heat_pump_limit_w = std::max(plan.heat_pump_w, limits.controllable_w - plan.ev_w);
    if (d.ev_w > 0 && !out.ev_limit_w)
      out.ev_limit_w = std::max(plan.ev_w, limits.controllable_w - plan.heat_pump_w);
  }
  return out;
}

}  // namespace ai
