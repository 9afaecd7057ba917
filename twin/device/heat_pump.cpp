#include "twin/device/heat_pump.hpp"

#include <algorithm>
#include <cmath>

namespace twin {
namespace {

constexpr double hysteresis_k = 0.5, tank_set_point_c = 48, tank_hysteresis_k = 3;
constexpr double tank_low_c = tank_set_point_c - tank_hysteresis_k;
constexpr double tank_high_c = tank_set_point_c + tank_hysteresis_k;
constexpr double tank_loss_w_per_k = 2, cellar_c = 20;
constexpr double heating_sink_c = 35, water_sink_c = 50;
constexpr double internal_gain_w = 300;
constexpr double water_wh_per_litre_k = 1.163;
constexpr double daily_hot_water_wh = 4000;
constexpr double least_part = 0.3;  // of its power, that the compressor can run at

double cop(double sink_c, double outdoor_c) {
  return std::clamp(0.45 * (sink_c + 273.15) / (sink_c - outdoor_c + 5), 1.5, 6.0);
}

}  // namespace

HeatPump::HeatPump(const HeatPumpSpec& spec, double outdoor_c, double phase)
    : building_{spec.capacity_kwh_per_k * 1000, spec.heat_loss_w_per_k,
                std::max(spec.set_point_c + hysteresis_k * (2 * phase - 1), outdoor_c)},
      tank_{spec.tank_litres * water_wh_per_litre_k, tank_loss_w_per_k,
            tank_set_point_c + tank_hysteresis_k * (2 * phase - 1)},
      thermal_w_(spec.thermal_kw * 1000),
      low_c_(spec.set_point_c - hysteresis_k),
      high_c_(spec.set_point_c + hysteresis_k) {}

double HeatPump::Store::part_settled(double hours) const { return -std::expm1(-hours / tau_h); }

double HeatPump::Store::hours_to(double threshold_c, double rest_c, double in_part) const {
  const double end_c = t_c + (rest_c - t_c) * in_part;
  if ((threshold_c - t_c) * (end_c - threshold_c) <= 0)
    return std::numeric_limits<double>::infinity();
  return -std::log1p(-(threshold_c - t_c) / (rest_c - t_c)) * tau_h;
}

double HeatPump::Store::move(double rest_c, double hours, double in_part) {
  const double kelvin_hours = rest_c * hours + (t_c - rest_c) * in_part * tau_h;
  t_c += (rest_c - t_c) * in_part;
  return kelvin_hours;
}

void HeatPump::look_at_thermostats() {
  if (tank_.t_c <= tank_low_c) water_ = true;
  if (tank_.t_c >= tank_high_c) water_ = false;
  if (building_.t_c <= low_c_) heating_ = true;
  if (building_.t_c >= high_c_) heating_ = false;
}

HeatPumpStep HeatPump::step(double outdoor_c, double draw_w, double hours, double limit_w) {
  if (hours != step_h_) {
    step_h_ = hours;
    building_.settled = building_.part_settled(hours);
    tank_.settled = tank_.part_settled(hours);
  }
  HeatPumpStep sum;
  for (double left_h = hours; left_h > 0;) left_h -= run(outdoor_c, draw_w, left_h, limit_w, sum);
  sum.power_w /= hours;
  sum.held_back_w /= hours;
  return sum;
}

HeatPump::Running HeatPump::running(double outdoor_c, double limit_w) const {
  if (!water_ && !heating_) return {};
  const double by = cop(water_ ? water_sink_c : heating_sink_c, outdoor_c);
  const double wanted_w = thermal_w_ / by;
  const double power_w = limit_w < least_part * wanted_w ? 0 : std::min(wanted_w, limit_w);
  return {power_w * by, power_w, wanted_w};
}

double HeatPump::run(double outdoor_c, double draw_w, double left_h, double limit_w,
                     HeatPumpStep& sum) {
  look_at_thermostats();
  const Running now = running(outdoor_c, limit_w);
  const double to_tank_w = water_ ? now.heat_w : 0, to_building_w = now.heat_w - to_tank_w;
  const double tank_rest_c = cellar_c + (to_tank_w - draw_w) / tank_.ua_w_per_k;
  const double building_rest_c =
      outdoor_c + (to_building_w + internal_gain_w) / building_.ua_w_per_k;
  const bool whole = left_h == step_h_;
  double in_tank = whole ? tank_.settled : tank_.part_settled(left_h);
  double in_building = whole ? building_.settled : building_.part_settled(left_h);

  // The thresholds ahead. A cold building that warms up meets the lower one too: from there on it
  // is cold no longer.
  const double tank_ahead_c = water_ ? tank_high_c : tank_low_c;
  const bool to_high = heating_ && building_.t_c >= low_c_ && building_rest_c > building_.t_c;
  const double building_ahead_c = to_high ? high_c_ : low_c_;
  const double tank_h = tank_.hours_to(tank_ahead_c, tank_rest_c, in_tank);
  const double building_h = building_.hours_to(building_ahead_c, building_rest_c, in_building);
  const double hours = std::min(left_h, std::min(tank_h, building_h));
  if (hours < left_h) {
    in_tank = tank_.part_settled(hours);
    in_building = building_.part_settled(hours);
  }
  const bool was_cold = building_.t_c < low_c_;
  const double tank_kh = tank_.move(tank_rest_c, hours, in_tank);
  const double building_kh = building_.move(building_rest_c, hours, in_building);
  if (tank_h <= hours) tank_.t_c = tank_ahead_c;
  if (building_h <= hours) building_.t_c = building_ahead_c;

  balance_.delivered_wh += now.heat_w * hours;
  balance_.gained_wh += internal_gain_w * hours;
  balance_.drawn_wh += draw_w * hours;
  balance_.lost_wh += building_.ua_w_per_k * (building_kh - outdoor_c * hours) +
                      tank_.ua_w_per_k * (tank_kh - cellar_c * hours);
  if (was_cold || building_.t_c < low_c_)
    sum.cold_kh += std::max(0.0, low_c_ * hours - building_kh);
  sum.power_w += now.power_w * hours;  // Wh until the step divides
  sum.held_back_w += (now.wanted_w - now.power_w) * hours;
  if (now.wanted_w > 0 && now.power_w <= 0) sum.blocked_s += hours * 3600;
  return hours;
}

HeatBalance HeatPump::balance() const {
  HeatBalance b = balance_;
  for (const Store* s : {&building_, &tank_}) b.stored_wh += s->wh_per_k * (s->t_c - s->start_c);
  return b;
}

double hot_water_draw_w(double hour) {
  // Two bells, one for each of the day's bathing times; the factor makes their area the daily heat.
  // Four widths out nothing is left of one.
  const auto bell = [&](double centre, double width) {
    const double d = (hour - centre) / width;
    return d * d < 16 ? std::exp(-d * d) : 0;
  };
  constexpr double area_h = 1.7724538509 * (1.0 + 1.5);  // sqrt(pi) times both widths
  return daily_hot_water_wh / area_h * (bell(7, 1.0) + bell(19.5, 1.5));
}

}  // namespace twin
