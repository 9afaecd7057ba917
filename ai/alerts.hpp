#pragma once
// Alerts of one meter from its verified readings: three rules, each a small state machine with
// hysteresis, so that one trouble is one alert.
//
//   transformer_overload  feeder meter only: the last minute's mean power, in either direction, has
//                         reached the rating, or its linear trend over the last 15 minutes does so
//                         within the next 15; clears when both lie below 95 % of the rating.
//                         A minute without readings starts the 15 minutes anew
//   voltage_band          the ten-minute mean leaves [v_min, v_max] (EN 50160, 4.2.2); clears with
//                         a later one that is back inside
//   silent_meter          no reading in an interval in which the gateway expected some; clears with
//                         the next reading

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/time.hpp"

namespace ai {

// The last one is about the public log, not about readings: a key changes since the one before it
// is said to be lost.
enum class AlertKind : std::uint8_t {
  transformer_overload,
  voltage_band,
  silent_meter,
  lost_key,
};
inline constexpr std::uint32_t no_meter = UINT32_MAX;  // of an alert about something else
std::string name_of(AlertKind kind);

struct Alert {
  AlertKind kind{};
  std::uint32_t meter = 0;
  ledger::Instant since;
  double value = 0, limit = 0;  // W or V; intervals for a silent meter
  double lead_minutes = 0;      // until the rating is reached; 0 where it is, and for other kinds
  std::string words;            // what a person is told, with units
};

struct AlertChange {
  Alert alert;
  bool cleared = false;
};

struct AlertLimits {
  std::int64_t transformer_w = 0;   // rating at unity power factor
  double v_min = 207, v_max = 253;  // V, phase to ground
};

class MeterAlerts {
 public:
  MeterAlerts(std::uint32_t meter, bool feeder, AlertLimits limits);

  // A verified reading: its nominal time, mean power (import positive) and voltage.
  std::vector<AlertChange> reading(ledger::Instant time, std::int64_t power_w, double voltage_v);

  // The gateway's interval that ended: silent if no reading came since the one before.
  std::vector<AlertChange> interval_ended(ledger::Instant end);

 private:
  void watch_overload(ledger::Instant time, std::vector<AlertChange>& out);
  void watch_voltage(ledger::Instant time, double voltage_v, std::vector<AlertChange>& out);
  void raise(Alert alert, std::optional<Alert>& active, std::vector<AlertChange>& out);
  void clear(std::optional<Alert>& active, std::vector<AlertChange>& out);

  struct MinuteMean {
    ledger::Instant end;
    double power_w = 0;
  };
  std::uint32_t meter_;
  bool feeder_;
  AlertLimits limits_;
  std::optional<Alert> overload_, voltage_, silent_;
  std::deque<MinuteMean> trend_;  // the last 15 minutes, a point a minute
  double minute_sum_w_ = 0, window_sum_v_ = 0;
  std::int64_t minute_count_ = 0, window_count_ = 0;
  ledger::Instant minute_end_, window_end_;
  bool heard_ = false;
};

}  // namespace ai
