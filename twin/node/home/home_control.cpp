#include "twin/node/home/home_control.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace twin {

using namespace ledger;

namespace {

constexpr Duration word_holds = minutes(5);
constexpr double least_ev_w_per_phase = 6 * 230.0;  // IEC 61851-1
constexpr double least_cop = 1.5;                   // twin/device/heat_pump.hpp
constexpr double share_of_minute_h = 1.0 / 60;
constexpr std::int64_t minutes_between_looks = 60;

std::int32_t whole(double w) {
  return static_cast<std::int32_t>(std::clamp<double>(std::round(w), -1e9, 1e9));
}
double limit_of(std::int32_t w) { return w == unlimited ? ai::no_limit : w; }

ai::HomeNow now_of(const HomeState& s) {
  ai::HomeNow out;
  out.load_w = s.load_w + s.shed_w;
  out.pv_w = s.pv_w + s.curtailed_w;
  out.heat_pump_w = s.heat_pump_w + s.heat_pump_held_back_w;
  out.warmth_k = s.warmth_k;
  out.ev_wanted_wh = s.ev_wanted_wh;
  out.ev_hours = s.ev_hours;
  out.battery_charge = std::max(0.0, s.battery_charge);
  return out;
}

NetForecast forecast_of(std::uint32_t home, Slot first, std::span<const std::int64_t> net_wh) {
  NetForecast f{{home}, first, {}};
  for (const std::int64_t wh : net_wh)
    f.net_wh.push_back(
        static_cast<std::int32_t>(std::clamp<std::int64_t>(wh, -1'000'000'000, 1'000'000'000)));
  return f;
}

double net_of(const HomeState& s) { return (s.draw_va[0] + s.draw_va[1] + s.draw_va[2]).real(); }

}  // namespace

ai::HomeDevices devices_of(const HomeSpec& home) {
  ai::HomeDevices d;
  if (home.pv) d.pv_w = home.pv->inverter_kw * 1000;
  if (home.battery) {
    d.battery_w = home.battery->power_kw * 1000;
    d.battery_wh = home.battery->capacity_kwh * 1000;
    d.battery_round_trip = home.battery->charge_efficiency * home.battery->discharge_efficiency;
  }
  if (home.ev) {
    d.ev_w = home.ev->plug_kw * 1000;
    d.ev_least_w = least_ev_w_per_phase * home.ev->phases;
  }
  if (home.heat_pump) d.heat_pump_w = home.heat_pump->thermal_kw * 1000 / least_cop;
  return d;
}

HomeControl::HomeControl(HomeControlConfig config) : config_(std::move(config)) {
  for (const ManagedHome& home : config_.homes) {
    index_of_[home.home] = homes_.size();
    Managed& m = homes_.emplace_back();
    m.home = home;
  }
}

void HomeControl::forecast(std::uint32_t home, Slot first, std::span<const std::int64_t> net_wh) {
  forecasts_.push_back(forecast_of(home, first, net_wh));
  homes_[index_of_.at(home)].car_has_come = false;
}

// What a kWh costs from the running slot on. Without a word that holds, or one of prices, nothing
// is known but the retailer's, of which exact plans can make something.
ai::HomePrices HomeControl::prices(Instant now, const Managed& m) const {
  ai::HomePrices out;
  out.slot_h = config_.slot_h;
  out.peak_w = m.peak_w;
  out.sell_eur_per_kwh = config_.sell_eur_per_kwh;
  const std::size_t slot = running_slot(now);
  out.slot = static_cast<std::uint32_t>(slot);
  if (heard_) {
    const std::size_t first = config_.plans_are_said ? m.seen_fees.first : word_.slot.value;
    const std::vector<std::int32_t>& fees =
        config_.plans_are_said ? m.seen_fees.values : word_.fees;
    out.eur_per_kw = static_cast<double>(word_.micro_eur_per_kw) * 1e-6;
    for (std::size_t k = slot - std::min(slot, first); k < fees.size(); ++k)
      out.eur_per_kwh.push_back(config_.retail_eur_per_kwh + static_cast<double>(fees[k]) * 1e-6);
  }
  if (config_.plans_are_said)
    for (std::size_t k = 0; k < out.eur_per_kwh.size(); ++k) {
      const std::size_t at = slot + k - m.car_wh.first;  // beyond the end where it lies before
      out.kept.push_back(at < m.car_wh.values.size() && m.car_wh.values[at] > 0);
    }
  if (m.home.schedule == ai::Schedule::optimal && out.eur_per_kwh.empty())
    out.eur_per_kwh.assign(m.home.rest_wh.size(), config_.retail_eur_per_kwh);
  return out;
}

std::int32_t HomeControl::added_fee(Instant now, Slot slot) const {
  if (!heard_ || now - *heard_ > word_holds || slot < word_.slot) return 0;
  const std::size_t ahead = slot.value - word_.slot.value;
  return ahead < word_.fees.size() ? word_.fees[ahead] : 0;
}

void HomeControl::count_slot(Instant now, Managed& m, const HomeState& state) const {
  m.slot_wh += net_of(state) * share_of_minute_h;
  m.rest_slot_wh += (net_of(state) - state.ev_w - state.battery_w) * share_of_minute_h;
  const std::int64_t slot_minutes = std::llround(config_.slot_h * 60);
  if ((now.since_epoch() / minutes(1)) % slot_minutes != 0) return;
  m.peak_w = std::max(m.peak_w, std::exchange(m.slot_wh, 0) / config_.slot_h);
  const double rest_wh = std::exchange(m.rest_slot_wh, 0);
  if (m.home.rest_wh.empty()) return;
  const std::int64_t ended = now.since_epoch() / minutes(slot_minutes) - 1;
  std::int64_t& known_wh = m.home.rest_wh[static_cast<std::size_t>(ended) % m.home.rest_wh.size()];
  known_wh = std::llround((6 * static_cast<double>(known_wh) + rest_wh) / 7);
}

std::size_t HomeControl::running_slot(Instant now) const {
  return static_cast<std::size_t>(now.since_epoch().seconds() / 3600 / config_.slot_h);
}

double HomeControl::elapsed_h(Instant now, const ai::HomePrices& known) const {
  return now.since_epoch().seconds() / 3600 - known.slot * config_.slot_h;
}

// What a home expects of the day from the slot on, without car and battery.
std::vector<std::int64_t> HomeControl::rest_ahead_wh(std::size_t slot, const Managed& m) const {
  std::vector<std::int64_t> ahead_wh = m.home.rest_wh;
  if (!ahead_wh.empty())
    std::rotate(ahead_wh.begin(),
                ahead_wh.begin() + static_cast<std::ptrdiff_t>(slot % ahead_wh.size()),
                ahead_wh.end());
  return ahead_wh;
}

ai::HomePlan HomeControl::plan(Instant now, Managed& m) const {
  const ai::HomePrices known = prices(now, m);
  if (m.home.schedule == ai::Schedule::rule) return ai::plan_by_price(m.home.devices, m.now, known);
  return m.schedule.plan(m.home.devices, m.now, known, rest_ahead_wh(known.slot, m),
                         elapsed_h(now, known));
}

bool HomeControl::looks(Instant now, const Managed& m) const {
  if (!config_.plans_are_said || !heard_ || word_.fees.empty()) return false;
  const std::int64_t own = static_cast<std::int64_t>(m.home.devices.lot % minutes_between_looks);
  const bool comes = m.now.ev_wanted_wh > 0 && !m.car_is_there;
  return comes || m.seen_fees.values.empty() ||
         now.since_epoch() / minutes(1) % minutes_between_looks == own;
}

void HomeControl::say_plan(Instant now, Managed& m, HomeReports& reports) const {
  m.seen_fees = {word_.slot.value, word_.fees};
  m.car_has_come |= m.now.ev_wanted_wh > 0;
  const ai::HomeDevices& d = m.home.devices;
  if (d.ev_w > 0 ? !m.car_has_come : d.battery_w <= 0) return;
  const ai::HomePrices known = prices(now, m);
  const auto outlook =
      m.home.schedule == ai::Schedule::rule ? ai::outlook_by_price : ai::outlook_of_schedule;
  ai::HomeOutlook ahead =
      outlook(d, m.now, known, rest_ahead_wh(known.slot, m), elapsed_h(now, known));
  m.car_wh = {known.slot, std::move(ahead.car_wh)};
  if (ahead.net_wh.size() < 2) return;  // the running slot's fee is fixed, and the next one's
  const auto later = std::span(ahead.net_wh).subspan(1);
  reports.plans.push_back(forecast_of(m.home.home, {known.slot + 1}, later));
}

HomeReport HomeControl::report(const Managed& m) const {
  const ai::HomeFlexibility flexible = ai::flexibility_of(m.home.devices, m.now, m.wanted);
  const ai::ImportUse use = ai::import_use_of(m.home.devices, m.now, m.wanted);
  HomeReport r;
  r.meter = {m.home.home};
  r.actual_w = whole(m.actual_w);
  r.net_w = whole(m.wanted.net_w());
  r.load_w = whole(m.wanted.load_w);
  r.pv_w = whole(m.wanted.pv_w);
  r.controllable_w = whole(m.wanted.controllable_w());
  r.down_w = whole(flexible.down_w);
  r.up_w = whole(flexible.up_w);
  r.ask = m.home.ask;
  r.idle_w = whole(use.idle_w);
  r.least_w = whole(std::ceil(use.least_w));
  r.slack_minutes = use.slack_h < ai::no_limit ? whole(std::floor(use.slack_h * 60)) : unlimited;
  return r;
}

void HomeControl::look(Instant now, std::span<const HomeState> states, Outbox& outbox) {
  HomeReports reports;
  reports.minute = static_cast<std::uint32_t>(now.since_epoch() / minutes(1));
  if (heard_ && now - *heard_ > word_holds) {
    for (Managed& m : homes_) m.limits = {};
    heard_.reset();
  }
  for (Managed& m : homes_) {
    const HomeState& state = states[m.home.home];
    m.now = now_of(state);
    m.actual_w = net_of(state);
    count_slot(now, m, state);
    if (looks(now, m)) say_plan(now, m, reports);
    m.car_is_there = m.now.ev_wanted_wh > 0;
    m.wanted = plan(now, m);
    reports.homes.push_back(report(m));
    command(m, outbox);
  }
  reports.forecasts = std::exchange(forecasts_, {});
  outbox.send(config_.directory.grid_operator(), encode(reports));
}

void HomeControl::command(Managed& m, Outbox& outbox) const {
  const ai::HomePlan plan = ai::within_limits(m.home.devices, m.now, m.wanted, m.limits);
  const ai::HomeSetPoints s = ai::set_points_for(m.home.devices, m.now, plan, m.limits);
  const SetPoints asked{s.pv_limit_w, s.battery_w, s.ev_limit_w, s.heat_pump_limit_w,
                        s.load_limit_w};
  const bool any = asked.pv_limit_w || asked.battery_w || asked.ev_limit_w ||
                   asked.heat_pump_limit_w || asked.load_limit_w;
  if (any || m.commanded) outbox.command(m.home.home, asked);
  m.commanded = any;
}

Result<void> HomeControl::hear(Instant now, BytesView grid_word, Outbox& outbox) {
  auto word = decode_grid_word(grid_word);
  if (!word) return failure(word.error());
  for (const LimitWord& l : word->limits)
    if (!index_of_.contains(l.meter.value)) return failure("a limit of a home of others");
  word_ = std::move(*word);
  heard_ = now;
  for (Managed& m : homes_) m.limits = {};
  for (const LimitWord& l : word_.limits)
    homes_[index_of_.at(l.meter.value)].limits = {
        limit_of(l.import_w), limit_of(l.export_w), limit_of(l.controllable_w),
        limit_of(l.pv_w),     limit_of(l.load_w),   static_cast<double>(l.shift_w)};
  for (Managed& m : homes_) command(m, outbox);
  return {};
}

}  // namespace twin
