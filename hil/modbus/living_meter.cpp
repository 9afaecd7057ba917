#include <algorithm>
#include <cmath>
#include <numbers>

#include "hil/modbus/simulated_meter.hpp"

namespace hil {
namespace {

constexpr double reactive_share = 0.2;  // var per W of load: a power factor of 0.98

// Output of a small roof on a clear day that starts at 11 o'clock.
double roof_w(std::uint32_t second) {
  const double hour = std::fmod(11.0 + second / 3600.0, 24.0);
  return 1800 * std::max(0.0, std::sin((hour - 6) * std::numbers::pi / 12));
}

}  // namespace

LivingMeter::LivingMeter(std::uint64_t seed) : seed_(seed), rng_(seed) {
  state_.import_wh = 4'321'000;
  state_.export_wh = 1'234'000;
}

tl::expected<void, std::string> LivingMeter::rewind() {
  *this = LivingMeter(seed_);
  return {};
}

twin::Phases LivingMeter::draw(State& state) {
  if (state.appliance_seconds_left > 0) {
    --state.appliance_seconds_left;
  } else if (rng_.chance(1.0 / 180)) {  // every three minutes or so
    state.appliance_w = rng_.uniform(600, 2200);
    state.appliance_seconds_left = 60 + static_cast<int>(rng_.below(240));
    state.appliance_phase = rng_.below(3);
  }
  std::array<double, 3> load_w{90, 60, 40};
  for (double& each : load_w) each += rng_.uniform(0, 15);
  if (state.sequence % 1800 < 600) load_w[0] += 85;  // the refrigerator, ten minutes in thirty
  if (state.appliance_seconds_left > 0) load_w[state.appliance_phase] += state.appliance_w;
  twin::Phases out;
  for (std::size_t i = 0; i < 3; ++i)
    out[i] = {load_w[i] - roof_w(state.sequence) / 3, reactive_share * load_w[i]};
  return out;
}

std::optional<MeterReading> LivingMeter::next() {
  ++state_.sequence;
  state_.drift_v = std::clamp(state_.drift_v + 0.05 * rng_.normal(), -3.0, 3.0);
  MeterReading out;
  out.draw_va = draw(state_);
  const double power_w = (out.draw_va[0] + out.draw_va[1] + out.draw_va[2]).real();
  (power_w > 0 ? state_.import_wh : state_.export_wh) += std::abs(power_w) / 3600;
  out.sequence = state_.sequence;
  out.time = ledger::Instant{} + ledger::seconds(state_.sequence);
  out.import_register = {std::llround(1000 * state_.import_wh)};
  out.export_register = {std::llround(1000 * state_.export_wh)};
  out.power_w = static_cast<std::int32_t>(std::lround(power_w));
  for (std::size_t i = 0; i < 3; ++i)  // about 0.4 ohm to the transformer
    out.phase_voltage_v[i] = 230 + state_.drift_v - 0.4 * out.draw_va[i].real() / 230;
  const double lowest = *std::min_element(out.phase_voltage_v.begin(), out.phase_voltage_v.end());
  out.voltage_v = static_cast<std::uint16_t>(std::lround(lowest));
  return out;
}

}  // namespace hil
