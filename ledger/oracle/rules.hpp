#pragma once
// The oracle's rules for single meters: each passes, flags or quarantines a reading, and its result
// is a bit of the signed batch. Nothing is dropped: a reading that fails is committed with its
// verdict; quarantined energy settles at the fall-back tariff and mints nothing.

#include <algorithm>
#include <optional>

#include "ledger/base/time.hpp"
#include "ledger/oracle/nights.hpp"
#include "ledger/oracle/reading.hpp"

namespace ledger {

// Bits of a verdict. A minute's verdict is the union of its readings'.
enum class Rule : std::uint16_t {
  canonical = 1 << 0,         // does not fit the canonical form: refused, counted       quarantine
  signature = 1 << 1,         // the meter's signature does not hold                     quarantine
  sequence_gap = 1 << 2,      // sequence above last + 1                                 flag
  sequence_stale = 1 << 3,    // sequence at or below the last: not taken again          flag
  time_informative = 1 << 4,  // more than 2 s from the gateway's time: no price slots   flag
  time_apart = 1 << 5,        // more than 9 s from the gateway's time                   quarantine
  time_backwards = 1 << 6,    // not later than the reading before                       quarantine
  power_range = 1 << 7,       // beyond what the connection's fuse lets through          quarantine
  voltage_range = 1 << 8,     // outside 207 V to 253 V                                  flag
  counter_fell = 1 << 9,      // a register is below its last value                      quarantine
  counter_power = 1 << 10,    // energy over a window against integrated power           quarantine
  absent = 1 << 11,           // nothing came from the meter in the epoch                flag
  rollover = 1 << 12,         // a register began anew at its declared modulus           flag
  device_export = 1 << 13,    // exports what its registered devices cannot give         quarantine
  spike = 1 << 14,            // far from the minute before: robust z above 6            flag
};

using Verdict = std::uint16_t;
constexpr Verdict bit(Rule rule) { return static_cast<Verdict>(rule); }

// Thresholds of the rules on time.
inline constexpr std::int64_t synchronised_ms = 2'000, informative_ms = 9'000;

inline constexpr Verdict quarantining = bit(Rule::canonical) | bit(Rule::signature) |
                                        bit(Rule::time_apart) | bit(Rule::time_backwards) |
                                        bit(Rule::power_range) | bit(Rule::counter_fell) |
                                        bit(Rule::counter_power) | bit(Rule::device_export);

constexpr bool quarantines(Verdict verdict) { return (verdict & quarantining) != 0; }

// Named in reports; empty for no bit.
std::string rule_names(Verdict verdict);

// SHA-256 of the rule set's text (thresholds and consequences as above): stands in genesis.
Hash rules_hash();

// What the registry says of one metering point.
struct MeterLimits {
  std::int32_t max_power_w = 0;     // 1.1 * sqrt(3) * U * fuse
  std::int64_t interval_ms = 5000;  // metering interval
  MilliWattHours modulus;           // at which its registers begin anew; 0: at none
  // Power that it may export by day and while the sun is surely down, W, >= 0.
  std::int32_t max_export_w = INT32_MAX, max_night_export_w = INT32_MAX;
  const Nights* nights = nullptr;  // none: it is always day
};

// What its generators and what stores energy behind the meter may export: 1.15 times their ratings
// (a module is above its rating at cold noon, an inverter's rating is a mean), and never less than
// 50 W, within which a meter without load may stand.
constexpr std::int32_t allowed_export_w(std::int64_t rated_w) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(rated_w * 115 / 100, 50, INT32_MAX));
}

// What a register rose from `before` to `now`. A fall of more than half its modulus is a beginning
// anew; any other fall is none: nothing.
std::optional<MilliWattHours> register_rise(MilliWattHours before, MilliWattHours now,
                                            MilliWattHours modulus);

// Against what spikes are judged: median and median absolute deviation of a minute's power.
struct UsualPower {
  std::int32_t median_w = 0, deviation_w = 0;
  auto operator<=>(const UsualPower&) const = default;
};

// Judges one meter's readings in their order of arrival.
class MeterOracle {
 public:
  // Of a life before, if there was one: the reading taken last, and the usual power then.
  explicit MeterOracle(MeterLimits limits, std::optional<Reading> last = std::nullopt,
                       std::optional<UsualPower> usual = std::nullopt)
      : limits_(limits), last_(last), window_start_(last), usual_(usual) {}

  // `received_ms`: the gateway's time, ms since the epoch.
  Verdict judge(const Reading& reading, std::int64_t received_ms);

  // Energy moved since the last call against power integrated over the same readings: within the
  // larger of 2 % and two steps, a step being what 1 W makes in the window. Call once a window.
  Verdict judge_window();

  // The window's powers against those of the window before, which they replace: robust z, |x -
  // median| / (1.4826 x deviation), where a deviation is at least a hundredth of the connection's
  // power, so that a kettle is no spike.
  Verdict judge_spikes(std::vector<std::int32_t> powers_w);

  // The reading taken last: the newest that was not stale.
  const std::optional<Reading>& last() const { return last_; }
  const std::optional<UsualPower>& usual() const { return usual_; }

 private:
  Verdict judge_time(const Reading& reading, std::int64_t received_ms) const;
  Verdict judge_range(const Reading& reading) const;
  Verdict judge_counters(const Reading& reading);
  Verdict judge_export(const Reading& reading) const;

  MeterLimits limits_;
  std::optional<Reading> last_;
  std::optional<Reading> window_start_;
  std::int64_t window_power_ws_ = 0;  // sum of power times interval, watt-milliseconds
  std::int64_t window_ms_ = 0;
  std::int64_t window_rolled_mwh_ = 0;  // what rollovers took from the difference of registers
  std::optional<UsualPower> usual_;
};

}  // namespace ledger
