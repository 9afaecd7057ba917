#include "ai/home_schedule.hpp"

#include <algorithm>
#include <cmath>

#include "ai/ev_schedule.hpp"
#include "ai/self_consumption_policy.hpp"

namespace ai {
namespace {

constexpr std::size_t levels = 40;
constexpr double shortest_h = 1.0 / 60;
constexpr double same_eur = 1e-9;

constexpr double dearest_eur_per_kwh = 100;  // that plans take, of either sign

ledger::Price price_of(double eur_per_kwh) {
  return {std::llround(1e6 * std::clamp(eur_per_kwh, -dearest_eur_per_kwh, dearest_eur_per_kwh))};
}
ledger::Duration duration_of(double hours) { return ledger::seconds(std::llround(hours * 3600)); }

// The running slot is taken to be as the last minute was.
std::vector<PricedSlot> slots_of(const HomeNow& now, const HomePrices& p,
                                 std::span<const std::int64_t> rest_wh) {
  std::vector<PricedSlot> out;
  for (std::size_t k = 0; k < std::min(p.eur_per_kwh.size(), rest_wh.size()); ++k)
    out.push_back({price_of(p.eur_per_kwh[k]), price_of(p.sell_eur_per_kwh), rest_wh[k]});
  if (!out.empty())
    out[0].net_wh = std::llround((now.load_w + now.heat_pump_w - now.pv_w) * p.slot_h);
  return out;
}

double charging_w(const HomeDevices& d, const HomeNow& now, const HomePrices& p) {
  if (p.eur_per_kw <= 0) return d.ev_w;
  const double below_peak_w = p.peak_w - now.load_w - now.heat_pump_w + now.pv_w;
  const double sufficient_w = now.ev_wanted_wh / std::max(shortest_h, now.ev_hours - p.slot_h);
  return std::clamp(std::max(sufficient_w, below_peak_w), std::min(d.ev_least_w, d.ev_w), d.ev_w);
}

// What the car takes of each slot; nothing where there is none. Refused as plan_charging refuses.
ledger::Result<EvPlan> car_plan(const HomeDevices& d, const HomeNow& now, const HomePrices& p,
                                std::vector<PricedSlot> slots, double elapsed_h) {
  const std::int64_t step = price_of(worth_waiting_eur_per_kwh).value;
  for (std::size_t k = 0; k < std::min(slots.size(), p.kept.size()); ++k) {
    const std::int64_t price = slots[k].import_price.value;
    const std::int64_t least = std::min(price, slots[k].export_price.value);
    if (p.kept[k]) slots[k].import_price.value = std::max(price - step, least);
  }
  EvTask task;
  task.slot = duration_of(p.slot_h);
  task.arrival = duration_of(elapsed_h);
  task.departure = duration_of(elapsed_h + now.ev_hours);
  task.needed_wh = d.ev_w > 0 ? static_cast<std::int64_t>(std::ceil(now.ev_wanted_wh)) : 0;
  task.power_w = std::llround(charging_w(d, now, p));
  std::vector<std::uint64_t> ranks;
  for (std::size_t k = 0; k < slots.size(); ++k) ranks.push_back(lot_of(d, p, k));
  return plan_charging(task, slots, {}, ranks);
}

BatteryTask task_of(const HomeDevices& d, const HomePrices& p) {
  BatteryTask task;
  task.levels = levels;
  task.level_wh = std::max<std::int64_t>(1, std::llround(d.battery_wh / levels));
  task.most_wh = std::llround(d.battery_w * p.slot_h);
  task.efficiency_permille =
      std::clamp<std::int64_t>(std::llround(1000 * std::sqrt(d.battery_round_trip)), 1, 1000);
  return task;
}

double car_w(const HomeDevices& d, const HomeNow& now, const HomePrices& p, const EvPlan& plan,
             double left_h) {
  if (now.ev_wanted_wh <= 0 || d.ev_w <= 0) return 0;
  const double most_w = charging_w(d, now, p);
  const double least_w = std::min(d.ev_least_w, most_w);
  const auto charge_wh = static_cast<double>(plan.charge_wh[0]);
  // What a minute of least power would exceed is left to the slots to come.
  if (charge_wh <= 0 || (charge_wh < least_w * shortest_h && now.ev_hours > left_h)) return 0;
  return std::clamp((charge_wh + 1) / left_h, least_w, most_w);  // plans round down
}

}  // namespace

const std::vector<std::string>& names_of_schedules() {
  static const std::vector<std::string> names{"rule", "optimal"};
  return names;
}

void HomeSchedule::value_charges(const HomeDevices& d, const HomePrices& p,
                                 std::span<const PricedSlot> slots) {
  if (valued_ == p.slot) return;
  const BatteryTask task = task_of(d, p);
  level_wh_ = static_cast<double>(task.level_wh);
  cost_behind_ = plan_battery(task, slots).cost_behind_first;
  valued_ = p.slot;
}

// Between levels on the straight line.
double HomeSchedule::cost_behind_eur(double stored_wh) const {
  const double at = std::clamp(stored_wh / level_wh_, 0.0, static_cast<double>(levels));
  const auto below = std::min(static_cast<std::size_t>(at), levels - 1);
  const auto low = static_cast<double>(cost_behind_[below]);
  const auto high = static_cast<double>(cost_behind_[below + 1]);
  return 1e-9 * (low + (high - low) * (at - static_cast<double>(below)));
}

double HomeSchedule::battery_w(const HomeDevices& d, const HomeNow& now, const HomePrices& p,
                               double net_w, double left_h) const {
  const double efficiency = std::sqrt(d.battery_round_trip);
  const double most_w = now.battery_charge < full_charge ? d.battery_w : 0;
  const double least_w = now.battery_charge > empty_charge ? -d.battery_w : 0;
  const double stored_wh = now.battery_charge * d.battery_wh;
  const auto cost_eur = [&](double w) {
    const double flow_kwh = (net_w + w) * left_h / 1000;
    const double end_wh = stored_wh + (w > 0 ? w * efficiency : w / efficiency) * left_h;
    const double price = flow_kwh > 0 ? p.eur_per_kwh.front() : p.sell_eur_per_kwh;
    return flow_kwh * price + cost_behind_eur(end_wh);
  };
  std::vector<double> powers{0, self_consumption_set_point(net_w), most_w, least_w};
  for (std::size_t k = 0; k <= levels; ++k) {
    const double change_wh = static_cast<double>(k) * level_wh_ - stored_wh;
    powers.push_back((change_wh > 0 ? change_wh / efficiency : change_wh * efficiency) / left_h);
  }
  double best_w = 0, least_eur = cost_eur(0);
  for (double w : powers) {
    w = std::clamp(w, least_w, most_w);
    const double eur = cost_eur(w);
    const bool same = std::abs(eur - least_eur) <= same_eur;
    if (same ? std::abs(w) >= std::abs(best_w) : eur > least_eur) continue;
    best_w = w;
    least_eur = eur;
  }
  return best_w;
}

HomePlan HomeSchedule::plan(const HomeDevices& d, const HomeNow& now, const HomePrices& p,
                            std::span<const std::int64_t> rest_wh, double elapsed_h) {
  HomePlan out = plan_by_price(d, now, p);
  std::vector<PricedSlot> slots = slots_of(now, p, rest_wh);
  if (slots.empty()) return out;
  const auto car = car_plan(d, now, p, slots, elapsed_h);
  if (!car) return out;
  const double left_h = std::max(shortest_h, p.slot_h - elapsed_h);
  out.ev_w = car_w(d, now, p, *car, left_h);
  if (d.battery_w <= 0 || d.battery_wh <= 0) return out;
  for (std::size_t k = 0; k < slots.size(); ++k) slots[k].net_wh += car->charge_wh[k];
  value_charges(d, p, slots);
  out.battery_w = battery_w(d, now, p, out.net_w() - out.battery_w, left_h);
  return out;
}

HomeOutlook outlook_of_schedule(const HomeDevices& d, const HomeNow& now, const HomePrices& p,
                                std::span<const std::int64_t> rest_wh, double elapsed_h) {
  std::vector<PricedSlot> slots = slots_of(now, p, rest_wh);
  if (slots.empty()) return {};
  auto car = car_plan(d, now, p, slots, elapsed_h);
  if (!car) return outlook_by_price(d, now, p, rest_wh, elapsed_h);
  HomeOutlook out;
  out.car_wh = std::move(car->charge_wh);
  for (std::size_t k = 0; k < slots.size(); ++k) slots[k].net_wh += out.car_wh[k];
  for (const PricedSlot& s : slots) out.net_wh.push_back(s.net_wh);
  if (d.battery_w <= 0 || d.battery_wh <= 0) return out;
  BatteryTask task = task_of(d, p);
  task.initial_wh = task.level_wh * std::llround(std::clamp(now.battery_charge, 0.0, 1.0) * levels);
  const BatteryPlan plan = plan_battery(task, slots);
  for (std::size_t k = 0; k < slots.size(); ++k) out.net_wh[k] += plan.terminal_wh[k];
  return out;
}

}  // namespace ai
