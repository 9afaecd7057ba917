#include "twin/device/heat_pump.hpp"

#include <algorithm>
#include <cmath>

namespace twin {
namespace {

constexpr double hysteresis_k = 0.5, tank_set_point_c = 48, tank_hysteresis_k = 3;
constexpr double tank_loss_w_per_k = 2, cellar_c = 20;
constexpr double heating_sink_c = 35, water_sink_c = 50;
constexpr double internal_gain_w = 300;
constexpr double water_wh_per_litre_k = 1.163;
constexpr double daily_hot_water_wh = 4000;

double cop(double sink_c, double outdoor_c) {
  return std::clamp(0.45 * (sink_c + 273.15) / (sink_c - outdoor_c + 5), 1.5, 6.0);
}

// A capacity that heats by q_w and loses ua (T - around): where it stands after `hours`.
double relax(double t_c, double around_c, double ua_w_per_k, double q_w, double wh_per_k,
             double hours) {
  const double rest_c = around_c + q_w / ua_w_per_k;
  return rest_c + (t_c - rest_c) * std::exp(-ua_w_per_k * hours / wh_per_k);
}

}  // namespace

HeatPump::HeatPump(const HeatPumpSpec& spec, double outdoor_c, double phase)
    : spec_(spec),
      indoor_c_(std::max(spec.set_point_c + hysteresis_k * (2 * phase - 1), outdoor_c)),
      tank_c_(tank_set_point_c + tank_hysteresis_k * (2 * phase - 1)) {}

double HeatPump::step(double outdoor_c, double draw_w, double hours) {
  if (tank_c_ < tank_set_point_c - tank_hysteresis_k) water_ = true;
  if (tank_c_ > tank_set_point_c + tank_hysteresis_k) water_ = false;
  if (indoor_c_ < spec_.set_point_c - hysteresis_k) heating_ = true;
  if (indoor_c_ > spec_.set_point_c + hysteresis_k) heating_ = false;
  const double thermal_w = spec_.thermal_kw * 1000;
  const double to_tank_w = water_ ? thermal_w : 0;
  const double to_house_w = !water_ && heating_ ? thermal_w : 0;
  tank_c_ = relax(tank_c_, cellar_c, tank_loss_w_per_k, to_tank_w - draw_w,
                  spec_.tank_litres * water_wh_per_litre_k, hours);
  indoor_c_ = relax(indoor_c_, outdoor_c, spec_.heat_loss_w_per_k, to_house_w + internal_gain_w,
                    spec_.capacity_kwh_per_k * 1000, hours);
  return to_tank_w / cop(water_sink_c, outdoor_c) + to_house_w / cop(heating_sink_c, outdoor_c);
}

double hot_water_draw_w(double hour) {
  // Two bells, one for each of the day's bathing times; the factor makes their area the daily heat.
  const auto bell = [&](double centre, double width) {
    const double d = (hour - centre) / width;
    return std::exp(-d * d);
  };
  constexpr double area_h = 1.7724538509 * (1.0 + 1.5);  // sqrt(pi) times both widths
  return daily_hot_water_wh / area_h * (bell(7, 1.0) + bell(19.5, 1.5));
}

}  // namespace twin
