#include "twin/world/home.hpp"

#include <bit>
#include <cmath>

#include "ai/self_consumption_policy.hpp"

namespace twin {
namespace {

constexpr double largest_single_phase_kw = 4.6;  // VDE-AR-N 4105, 5.4: beyond it three phases
constexpr std::int64_t ms_per_day = 86'400'000;

std::int64_t local_ms(ledger::CivilTime t) {
  return t.unix_ms + std::int64_t{t.offset_minutes} * 60'000;
}

}  // namespace

Home::Home(const HomeSpec& spec, const Connection& connection, ProfileView profile,
           ledger::CivilTime start, const WeatherSample& sky, const ledger::Rng& rng)
    : spec_(spec), phases_(connection.phases), profile_(profile), start_(start) {
  const bool from_grid = spec.load.kind == LoadSpec::Kind::grid_profile;
  const double pf = from_grid ? connection.power_factor : spec.load.power_factor;
  tan_phi_ = std::sqrt(1 - pf * pf) / pf;
  // Circuits of a house are never spread evenly: one phase carries more than the others.
  ledger::Rng wiring = rng.fork("wiring");
  const auto used = static_cast<unsigned>(std::popcount(phases_));
  unsigned first = static_cast<unsigned>(wiring.below(used));
  constexpr std::array<std::array<double, 3>, 3> shares{
      {{1, 0, 0}, {0.6, 0.4, 0}, {0.5, 0.3, 0.2}}};
  unsigned rank = 0;
  for (unsigned p = 0; p < 3; ++p) {
    if (!(phases_ >> p & 1)) continue;
    load_share_[p] = shares[used - 1][(rank + first) % used];
    if ((rank + first) % used == used - 1) single_phase_ = static_cast<std::uint8_t>(1 << p);
    ++rank;
  }
  if (!from_grid) household_.emplace(spec.load.annual_kwh, start, rng.fork("load"));
  if (spec.pv) pv_.emplace(*spec.pv, rng.fork("place").uniform(-30, 30));
  if (spec.battery) battery_.emplace(*spec.battery);
  if (spec.ev) ev_.emplace(*spec.ev, start, rng.fork("ev"));
  if (!spec.heat_pump) return;
  ledger::Rng habits = rng.fork("heat-pump");
  hot_water_factor_ = habits.uniform(0.5, 1.5);
  hot_water_shift_h_ = habits.uniform(-1.5, 1.5);
  heat_pump_.emplace(*spec.heat_pump, sky.temperature_c, habits.uniform());
}

double Home::load_w(ledger::Instant from, ledger::Duration span) {
  if (household_) return household_->power_w(from, span);
  return profile_.values_w.empty() ? 0 : profile_w(from, span);
}

double Home::profile_w(ledger::Instant from, ledger::Duration span) const {
  const auto step = static_cast<std::int64_t>(profile_.step_s * 1e9);
  const std::int64_t length = step * static_cast<std::int64_t>(profile_.values_w.size());
  const std::int64_t midnight_ns = local_ms(start_) % ms_per_day * 1'000'000;
  double energy = 0;  // W ns
  for (std::int64_t done = 0; done < span.ns;) {
    const std::int64_t at = ((midnight_ns + from.ns + done) % length + length) % length;
    const std::int64_t part = std::min(span.ns - done, step - at % step);
    energy += profile_.values_w[static_cast<std::size_t>(at / step)] * static_cast<double>(part);
    done += part;
  }
  return energy / static_cast<double>(span.ns);
}

double Home::hot_water_w(ledger::Instant at) const {
  const std::int64_t ms = local_ms({start_.unix_ms + at.whole_ms(), start_.offset_minutes});
  const double hour = static_cast<double>((ms % ms_per_day + ms_per_day) % ms_per_day) / 3.6e6;
  return hot_water_factor_ * hot_water_draw_w(hour - hot_water_shift_h_);
}

void Home::spread(double power_w, std::uint8_t phases, Phases& draw) const {
  const double each = power_w / std::popcount(phases);
  for (unsigned p = 0; p < 3; ++p)
    if (phases >> p & 1) draw[p] += each;
}

const HomeState& Home::step(ledger::Instant from, ledger::Duration span, const WeatherSample& sky) {
  const double hours = span.seconds() / 3600;
  HomeState& s = state_;
  const double household_w = load_w(from, span);
  const double standby_w = battery_ ? battery_->standby_w() : 0;
  s.load_w = household_w + standby_w;
  s.pv_w = pv_ ? pv_->power_w(sky) : 0;
  s.ev_w = ev_ ? ev_->power_w(from, span) : 0;
  s.heat_pump_w = 0;
  if (heat_pump_) {
    s.heat_pump_w = heat_pump_->step(sky.temperature_c, hot_water_w(from), hours);
    s.indoor_c = heat_pump_->indoor_c();
  }
  s.battery_w = 0;
  s.battery_charge = -1;
  if (battery_) {
    const double net_w = s.load_w + s.ev_w + s.heat_pump_w - s.pv_w;
    s.battery_w = battery_->step(ai::self_consumption_set_point(net_w), hours);
    s.battery_charge = battery_->charge();
  }
  s.draw_va = {};
  for (unsigned p = 0; p < 3; ++p)
    s.draw_va[p] = household_w * load_share_[p] * Complex(1, tan_phi_);
  const bool small_pv = spec_.pv && spec_.pv->inverter_kw <= largest_single_phase_kw;
  spread(-s.pv_w, small_pv ? single_phase_ : phases_, s.draw_va);
  spread(s.ev_w, ev_ && ev_->phases() == 1 ? single_phase_ : phases_, s.draw_va);
  spread(s.heat_pump_w, phases_, s.draw_va);
  spread(s.battery_w + standby_w, phases_, s.draw_va);
  return s;
}

double Home::consumed_w() const { return state_.load_w + state_.ev_w + state_.heat_pump_w; }

double Home::stored_delta_wh() const {
  return battery_ ? battery_->energy_wh() -
                        spec_.battery->initial_charge * spec_.battery->capacity_kwh * 1000
                  : 0;
}

double Home::storage_losses_wh() const { return battery_ ? battery_->losses_wh() : 0; }

}  // namespace twin
