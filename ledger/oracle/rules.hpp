#pragma once
// The oracle's rules for single meters: each passes, flags or quarantines a reading, and its result
// is a bit of the signed batch. Nothing is dropped: a reading that fails is committed with its
// verdict; quarantined energy settles at the fall-back tariff and mints nothing.

#include <optional>

#include "ledger/base/time.hpp"
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
};

using Verdict = std::uint16_t;
constexpr Verdict bit(Rule rule) { return static_cast<Verdict>(rule); }

// Thresholds of the rules on time.
inline constexpr std::int64_t synchronised_ms = 2'000, informative_ms = 9'000;

inline constexpr Verdict quarantining = bit(Rule::canonical) | bit(Rule::signature) |
                                        bit(Rule::time_apart) | bit(Rule::time_backwards) |
                                        bit(Rule::power_range) | bit(Rule::counter_fell) |
                                        bit(Rule::counter_power);

constexpr bool quarantines(Verdict verdict) { return (verdict & quarantining) != 0; }

// Named in reports; empty for no bit.
std::string rule_names(Verdict verdict);

// SHA-256 of the rule set's text (thresholds and consequences as above): stands in genesis.
Hash rules_hash();

// What the registry says of one metering point.
struct MeterLimits {
  std::int32_t max_power_w = 0;     // 1.1 * sqrt(3) * U * fuse
  std::int64_t interval_ms = 5000;  // metering interval
};

// Judges one meter's readings in their order of arrival.
class MeterOracle {
 public:
  // `last`: the reading taken last in a life before, if there was one.
  explicit MeterOracle(MeterLimits limits, std::optional<Reading> last = std::nullopt)
      : limits_(limits), last_(last), window_start_(last) {}

  // `received_ms`: the gateway's time, ms since the epoch.
  Verdict judge(const Reading& reading, std::int64_t received_ms);

  // Energy moved since the last call against power integrated over the same readings: within the
  // larger of 2 % and two steps, a step being what 1 W makes in the window. Call once a window.
  Verdict judge_window();

  // The reading taken last: the newest that was not stale.
  const std::optional<Reading>& last() const { return last_; }

 private:
  Verdict judge_time(const Reading& reading, std::int64_t received_ms) const;
  Verdict judge_range(const Reading& reading) const;
  Verdict judge_counters(const Reading& reading) const;

  MeterLimits limits_;
  std::optional<Reading> last_;
  std::optional<Reading> window_start_;
  std::int64_t window_power_ws_ = 0;  // sum of power times interval, watt-milliseconds
  std::int64_t window_ms_ = 0;
};

}  // namespace ledger
