#include "ledger/oracle/rules.hpp"

#include <algorithm>
#include <cstdlib>

#include "ledger/crypto/sha256.hpp"

namespace ledger {
namespace {

constexpr std::uint8_t min_voltage_v = 207, max_voltage_v = 253;

struct RuleText {
  Rule rule;
  std::string_view name;
  std::string_view text;
};
constexpr std::array<RuleText, 15> rule_texts{{
    {Rule::canonical, "canonical", "fits 23 bytes: refused"},
    {Rule::signature, "signature", "registered meter key: quarantine"},
    {Rule::sequence_gap, "sequence_gap", "sequence = last + 1: flag"},
    {Rule::sequence_stale, "sequence_stale", "sequence > last: flag, not taken again"},
    {Rule::time_informative, "time_informative", "within 2000 ms: flag"},
    {Rule::time_apart, "time_apart", "within 9000 ms: quarantine"},
    {Rule::time_backwards, "time_backwards", "monotone: quarantine"},
    {Rule::power_range, "power_range", "1.1 sqrt(3) U fuse: quarantine"},
    {Rule::voltage_range, "voltage_range", "207 V to 253 V: flag"},
    {Rule::counter_fell, "counter_fell", "registers never fall but by a rollover: quarantine"},
    {Rule::counter_power, "counter_power", "max(2 %, 2 steps) a window: quarantine"},
    {Rule::absent, "absent", "each registered meter, each epoch: flag"},
    {Rule::rollover, "rollover", "a fall above half the declared modulus: flag"},
    {Rule::device_export, "device_export",
     "1.15 x ratings, storage alone at night, at least 50 W: quarantine"},
    {Rule::spike, "spike", "robust z above 6 of the minute before: flag"},
}};

}  // namespace

std::string rule_names(Verdict verdict) {
  std::string out;
  for (const RuleText& r : rule_texts)
    if (verdict & bit(r.rule)) (out += out.empty() ? "" : ", ") += r.name;
  return out;
}

std::optional<MilliWattHours> register_rise(MilliWattHours before, MilliWattHours now,
                                            MilliWattHours modulus) {
  if (now >= before) return now - before;
  if ((before - now).value > modulus.value / 2 && modulus.value > 0) return now + modulus - before;
  return std::nullopt;
}

Hash rules_hash() {
  std::string all = "aipchain oracle rules 1\n";
  for (const RuleText& r : rule_texts) ((((all += r.name) += ": ") += r.text) += "\n");
  return sha256(bytes_of(all));
}

Verdict MeterOracle::judge(const Reading& reading, std::int64_t received_ms) {
  if (last_ && reading.sequence <= last_->sequence) return bit(Rule::sequence_stale);
  Verdict v = judge_time(reading, received_ms) | judge_range(reading) | judge_export(reading);
  const bool gap = last_ && reading.sequence != last_->sequence + 1;
  if (gap) v |= bit(Rule::sequence_gap);
  // Over a gap the power between is not known: the window begins anew.
  if (!window_start_ || gap) {
    window_start_ = gap || !last_ ? reading : *last_;
    window_power_ws_ = 0;
    window_ms_ = 0;
    window_rolled_mwh_ = 0;
  }
  v |= judge_counters(reading);
  if (window_start_->sequence != reading.sequence) {
    window_power_ws_ += reading.power_w * limits_.interval_ms;
    window_ms_ += limits_.interval_ms;
  }
  last_ = reading;
  return v;
}

Verdict MeterOracle::judge_window() {
  if (!window_start_ || !last_ || window_ms_ == 0) return 0;
  const auto net = [](const Reading& r) {
    return r.import_register.value - r.export_register.value;
  };
  const std::int64_t counted_mwh = net(*last_) - net(*window_start_) + window_rolled_mwh_;
  const std::int64_t integrated_mwh = window_power_ws_ / 3600;  // W ms / 3600 = mWh
  const std::int64_t step_mwh = std::max<std::int64_t>(1, window_ms_ / 3600);
  const std::int64_t allowed = std::max(std::abs(integrated_mwh) / 50, 2 * step_mwh);
  window_start_ = last_;
  window_power_ws_ = 0;
  window_ms_ = 0;
  window_rolled_mwh_ = 0;
  return std::abs(counted_mwh - integrated_mwh) > allowed ? bit(Rule::counter_power) : Verdict{0};
}

Verdict MeterOracle::judge_time(const Reading& reading, std::int64_t received_ms) const {
  Verdict v = 0;
  const std::int64_t apart = std::abs(reading.time_ms - received_ms);
  if (apart > informative_ms)
    v |= bit(Rule::time_apart);
  else if (apart > synchronised_ms)
    v |= bit(Rule::time_informative);
  if (last_ && reading.time_ms <= last_->time_ms) v |= bit(Rule::time_backwards);
  return v;
}

Verdict MeterOracle::judge_range(const Reading& reading) const {
  Verdict v = 0;
  if (std::abs(reading.power_w) > limits_.max_power_w) v |= bit(Rule::power_range);
  if (reading.voltage_v < min_voltage_v || reading.voltage_v > max_voltage_v)
    v |= bit(Rule::voltage_range);
  return v;
}

Verdict MeterOracle::judge_counters(const Reading& reading) {
  if (!last_) return 0;
  Verdict v = 0;
  const auto judge = [&](MilliWattHours before, MilliWattHours now, std::int64_t sign) {
    const auto rise = register_rise(before, now, limits_.modulus);
    if (!rise) v |= bit(Rule::counter_fell);
    if (!rise || now >= before) return;
    v |= bit(Rule::rollover);
    // A window that begins with this reading does not hold the fall.
    if (window_start_->sequence != reading.sequence)
      window_rolled_mwh_ += sign * limits_.modulus.value;
  };
  judge(last_->import_register, reading.import_register, 1);
  judge(last_->export_register, reading.export_register, -1);
  return v;
}

Verdict MeterOracle::judge_export(const Reading& reading) const {
  const std::int64_t export_w = -std::int64_t{reading.power_w};
  if (export_w <= limits_.max_night_export_w) return 0;
  const bool night = limits_.nights && limits_.nights->dark_at(reading.time_ms);
  return night || export_w > limits_.max_export_w ? bit(Rule::device_export) : Verdict{0};
}

namespace {

// The upper one of the two in the middle where their number is even.
std::int32_t median(std::vector<std::int32_t>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Verdict MeterOracle::judge_spikes(std::vector<std::int32_t> powers_w) {
  if (powers_w.empty()) return 0;
  bool far = false;
  if (usual_) {
    const std::int64_t least = limits_.max_power_w / 100;
    // z > 6 in ten-thousandths.
    const std::int64_t allowed =
        6 * std::max(std::int64_t{usual_->deviation_w} * 14'826, least * 10'000);
    for (const std::int32_t p : powers_w)
      far |= std::abs(std::int64_t{p} - usual_->median_w) * 10'000 > allowed;
  }
  UsualPower now{median(powers_w), 0};
  for (std::int32_t& p : powers_w) p = std::abs(p - now.median_w);
  now.deviation_w = median(powers_w);
  usual_ = now;
  return far ? bit(Rule::spike) : Verdict{0};
}

}  // namespace ledger
