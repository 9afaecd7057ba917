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
constexpr std::array<RuleText, 12> rule_texts{{
    {Rule::canonical, "canonical", "fits 23 bytes: refused"},
    {Rule::signature, "signature", "registered meter key: quarantine"},
    {Rule::sequence_gap, "sequence_gap", "sequence = last + 1: flag"},
    {Rule::sequence_stale, "sequence_stale", "sequence > last: flag, not taken again"},
    {Rule::time_informative, "time_informative", "within 2000 ms: flag"},
    {Rule::time_apart, "time_apart", "within 9000 ms: quarantine"},
    {Rule::time_backwards, "time_backwards", "monotone: quarantine"},
    {Rule::power_range, "power_range", "1.1 sqrt(3) U fuse: quarantine"},
    {Rule::voltage_range, "voltage_range", "207 V to 253 V: flag"},
    {Rule::counter_fell, "counter_fell", "registers never fall: quarantine"},
    {Rule::counter_power, "counter_power", "max(2 %, 2 steps) a window: quarantine"},
    {Rule::absent, "absent", "each registered meter, each epoch: flag"},
}};

}  // namespace

std::string rule_names(Verdict verdict) {
  std::string out;
  for (const RuleText& r : rule_texts)
    if (verdict & bit(r.rule)) (out += out.empty() ? "" : ", ") += r.name;
  return out;
}

Hash rules_hash() {
  std::string all = "aipchain oracle rules 1\n";
  for (const RuleText& r : rule_texts) ((((all += r.name) += ": ") += r.text) += "\n");
  return sha256(bytes_of(all));
}

Verdict MeterOracle::judge(const Reading& reading, std::int64_t received_ms) {
  if (last_ && reading.sequence <= last_->sequence) return bit(Rule::sequence_stale);
  Verdict v = judge_time(reading, received_ms) | judge_range(reading) | judge_counters(reading);
  const bool gap = last_ && reading.sequence != last_->sequence + 1;
  if (gap) v |= bit(Rule::sequence_gap);
  // Over a gap the power between is not known: the window begins anew.
  if (!window_start_ || gap) {
    window_start_ = gap || !last_ ? reading : *last_;
    window_power_ws_ = 0;
    window_ms_ = 0;
  }
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
  const std::int64_t counted_mwh = net(*last_) - net(*window_start_);
  const std::int64_t integrated_mwh = window_power_ws_ / 3600;  // W ms / 3600 = mWh
  const std::int64_t step_mwh = std::max<std::int64_t>(1, window_ms_ / 3600);
  const std::int64_t allowed = std::max(std::abs(integrated_mwh) / 50, 2 * step_mwh);
  window_start_ = last_;
  window_power_ws_ = 0;
  window_ms_ = 0;
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

Verdict MeterOracle::judge_counters(const Reading& reading) const {
  const bool fell = last_ && (reading.import_register < last_->import_register ||
                              reading.export_register < last_->export_register);
  return fell ? bit(Rule::counter_fell) : Verdict{0};
}

}  // namespace ledger
