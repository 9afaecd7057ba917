#include "twin/world/home.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "ai/self_consumption_policy.hpp"
#include "ledger/base/time.hpp"

namespace twin {
namespace {

constexpr double largest_single_phase_kw = 4.6;  // VDE-AR-N 4105, 5.4: beyond it three phases
constexpr double unlimited = std::numeric_limits<double>::infinity();

std::int64_t local_ms(ledger::CivilTime t) {
  return t.unix_ms + std::int64_t{t.offset_minutes} * 60'000;
}

}  // namespace

Home::Home(const HomeSpec& spec, const Connection& connection, ProfileView profile,
           ledger::CivilTime start, const WeatherSample& sky, const ledger::Rng& rng)
    : profile_(profile), start_(start) {
  const bool from_grid = spec.load.kind == LoadSpec::Kind::grid_profile;
  const double pf = from_grid ? connection.power_factor : spec.load.power_factor;
  tan_phi_ = std::sqrt(1 - pf * pf) / pf;
  wire(spec, connection.phases, rng.fork("wiring"));
  if (spec.load.kind == LoadSpec::Kind::household)
    household_.emplace(spec.load.annual_kwh, start, rng.fork("load"));
  if (profile.standard)
    standard_.emplace(*profile.standard, dynamised(spec.load), spec.load.annual_kwh, start);
  if (spec.pv) pv_.emplace(*spec.pv, rng.fork("place").uniform(-30, 30));
  if (spec.battery) battery_.emplace(*spec.battery);
  if (spec.ev) ev_.emplace(*spec.ev, start, rng.fork("ev"));
  if (spec.air_conditioner) air_conditioner_.emplace(*spec.air_conditioner, sky.temperature_c);
  if (!spec.heat_pump) return;
  ledger::Rng habits = rng.fork("heat-pump");
  hot_water_factor_ = habits.uniform(0.5, 1.5);
  hot_water_shift_h_ = habits.uniform(-1.5, 1.5);
  heat_pump_.emplace(*spec.heat_pump, sky.temperature_c, habits.uniform());
}

// Circuits of a house are never spread evenly: one phase carries more than the others. One-phase
// devices sit on the phase that carries least.
void Home::wire(const HomeSpec& spec, std::uint8_t phases, ledger::Rng rng) {
  const auto used = static_cast<unsigned>(std::popcount(phases));
  unsigned first = static_cast<unsigned>(rng.below(used));
  constexpr std::array<Shares, 3> shares{{{1, 0, 0}, {0.6, 0.4, 0}, {0.5, 0.3, 0.2}}};
  Shares single{};
  unsigned rank = 0;
  for (unsigned p = 0; p < 3; ++p) {
    if (!(phases >> p & 1)) continue;
    load_share_[p] = shares[used - 1][(rank + first) % used];
    single[p] = (rank + first) % used == used - 1 ? 1 : 0;
    rest_share_[p] = 1.0 / used;
    ++rank;
  }
  const bool small_pv = spec.pv && spec.pv->inverter_kw <= largest_single_phase_kw;
  pv_share_ = small_pv ? single : rest_share_;
  ev_share_ = spec.ev && spec.ev->phases == 1 ? single : rest_share_;
}

double Home::load_w(ledger::Instant from, ledger::Duration span) {
  if (household_) return household_->power_w(from, span);
  if (standard_) return standard_->power_w(from, span);
  return profile_.values_w.empty() ? 0 : profile_w(from, span);
}

double Home::profile_w(ledger::Instant from, ledger::Duration span) const {
  const std::int64_t step = std::llround(profile_.step_s * 1e9);
  const std::int64_t length = step * static_cast<std::int64_t>(profile_.values_w.size());
  const std::int64_t midnight_ns = local_ms(start_) % ledger::ms_per_day * 1'000'000;
  const std::int64_t first_ns = profile_.first_ns.value_or(-midnight_ns);
  double energy = 0;  // W ns
  for (std::int64_t done = 0; done < span.ns;) {
    const std::int64_t at = ((from.ns + done - first_ns) % length + length) % length;
    const std::int64_t part = std::min(span.ns - done, step - at % step);
    energy += profile_.values_w[static_cast<std::size_t>(at / step)] * static_cast<double>(part);
    done += part;
  }
  return profile_.scale * energy / static_cast<double>(span.ns);
}

double Home::hot_water_w(ledger::Instant at) const {
  const std::int64_t ms = local_ms({start_.unix_ms + at.whole_ms(), start_.offset_minutes});
  const double hour =
      static_cast<double>((ms % ledger::ms_per_day + ledger::ms_per_day) % ledger::ms_per_day) /
      3.6e6;
  return hot_water_factor_ * hot_water_draw_w(hour - hot_water_shift_h_);
}

void Home::draw(double household_w, double pv_w, double ev_w, double rest_w) {
  for (unsigned p = 0; p < 3; ++p) {
    const double own_w = household_w * load_share_[p];
    const double devices_w = rest_w * rest_share_[p] + ev_w * ev_share_[p] - pv_w * pv_share_[p];
    state_.draw_va[p] = {own_w + devices_w, own_w * tan_phi_};
  }
}

double Home::serve_load(ledger::Instant from, ledger::Duration span) {
  const double wanted_w = load_w(from, span);
  const double served_w =
      std::min(wanted_w, std::max(0.0, asked_.load_limit_w.value_or(unlimited)));
  state_.shed_w = wanted_w - served_w;
  return served_w;
}

void Home::charge_car(ledger::Instant from, ledger::Duration span) {
  const EvStep did = ev_->step(from, span, asked_.ev_limit_w.value_or(unlimited));
  state_.ev_w = did.power_w;
  state_.ev_held_back_w = did.held_back_w;
  state_.ev_deferred_wh = did.deferred_wh;
  state_.ev_unmet_wh = did.unmet_wh;
  state_.ev_wanted_wh = did.wanted_wh;
  state_.ev_hours = did.hours_left;
}

// What the household leaves of its limit.
void Home::cool(double household_w, double hours, const WeatherSample& sky) {
  const AirConditionerStep did =
      air_conditioner_->step(sky.temperature_c, sky.light.ghi_w_m2, hours,
                             asked_.load_limit_w.value_or(unlimited) - household_w);
  state_.cooling_w = did.power_w;
  state_.warm_kh = did.warm_kh;
  state_.indoor_c = air_conditioner_->indoor_c();
}

void Home::run_heat_pump(ledger::Instant from, ledger::Duration span, double outdoor_c) {
  const ledger::Instant middle = from + ledger::nanoseconds(span.ns / 2);
  const HeatPumpStep did = heat_pump_->step(outdoor_c, hot_water_w(middle), span.seconds() / 3600,
                                            asked_.heat_pump_limit_w.value_or(unlimited));
  state_.heat_pump_w = did.power_w;
  state_.heat_pump_held_back_w = did.held_back_w;
  state_.heat_pump_blocked_s = did.blocked_s;
  state_.cold_kh = did.cold_kh;
  state_.indoor_c = heat_pump_->indoor_c();
  state_.warmth_k = heat_pump_->indoor_c() - heat_pump_->low_c();
}

void Home::run_battery(double hours) {
  HomeState& s = state_;
  const double net_w = s.load_w + s.ev_w + s.heat_pump_w - s.pv_w;
  s.battery_asked_w = asked_.battery_w ? *asked_.battery_w : ai::self_consumption_set_point(net_w);
  s.battery_w = battery_->step(s.battery_asked_w, hours);
  s.battery_charge = battery_->charge();
}

const HomeState& Home::step(ledger::Instant from, ledger::Duration span,
                            std::span<const WeatherSample> skies) {
  HomeState& s = state_;
  const double household_w = serve_load(from, span);
  const double battery_standby_w = battery_ ? battery_->standby_w() : 0;
  const PvStep pv = pv_ ? pv_->step(skies, asked_.pv_limit_w.value_or(unlimited)) : PvStep{};
  if (air_conditioner_) cool(household_w, span.seconds() / 3600, skies[skies.size() / 2]);
  s.load_w = household_w + s.cooling_w + battery_standby_w + pv.standby_w;
  s.pv_w = pv.fed_in_w;
  s.curtailed_w = pv.curtailed_w;
  if (ev_) charge_car(from, span);
  if (heat_pump_) run_heat_pump(from, span, skies[skies.size() / 2].temperature_c);
  s.battery_charge = -1;
  if (battery_) run_battery(span.seconds() / 3600);
  draw(household_w, s.pv_w - pv.standby_w, s.ev_w,
       s.heat_pump_w + s.cooling_w + s.battery_w + battery_standby_w);
  asked_ = {};
  return s;
}

bool Home::has_battery_on_all_phases() const {
  return battery_ && std::all_of(rest_share_.begin(), rest_share_.end(),
                                 [](double share) { return share > 0; });
}

double Home::balance(double power_w, ledger::Duration span) {
  const double did_w = battery_->step(power_w, span.seconds() / 3600);
  state_.battery_w += did_w;
  state_.battery_charge = battery_->charge();
  for (std::size_t p = 0; p < 3; ++p) state_.draw_va[p] += did_w * rest_share_[p];
  return did_w;
}

// Many homes do not fit into a cache, and a home is longer than what the processor fetches ahead of
// itself: fetching the third next one halves the time of 100,000 (docs/benchmarks.md).
void step_homes(std::span<Home> homes, ledger::Instant from, ledger::Duration span,
                std::span<const WeatherSample> skies) {
  constexpr std::size_t ahead = 3, cache_line = 64;
  for (std::size_t h = 0; h < homes.size(); ++h) {
    if (h + ahead < homes.size()) {
      const char* next = reinterpret_cast<const char*>(&homes[h + ahead]);
      for (std::size_t at = 0; at < sizeof(Home); at += cache_line)
        __builtin_prefetch(next + at, 1);
    }
    homes[h].step(from, span, skies);
  }
}

double Home::consumed_w() const { return state_.load_w + state_.ev_w + state_.heat_pump_w; }

}  // namespace twin
