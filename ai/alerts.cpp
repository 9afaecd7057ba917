#include "ai/alerts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace ai {

using namespace ledger;

namespace {

constexpr std::size_t trend_minutes = 15;
constexpr double lead_minutes = 15;
constexpr double clear_share = 0.95;
constexpr Duration voltage_window = minutes(10);

Instant next_multiple(Instant t, Duration step) {
  return Instant{(t.ns + step.ns - 1) / step.ns * step.ns};
}

std::string text(const char* format, double a, double b) {
  std::array<char, 160> out{};
  const int n = std::snprintf(out.data(), out.size(), format, a, b);
  return {out.data(), static_cast<std::size_t>(std::clamp(n, 0, 159))};
}

}  // namespace

std::string name_of(AlertKind kind) {
  constexpr std::array<const char*, 4> names{"transformer_overload", "voltage_band", "silent_meter",
                                             "lost_key"};
  return names[static_cast<std::size_t>(kind)];
}

MeterAlerts::MeterAlerts(std::uint32_t meter, bool feeder, AlertLimits limits)
    : meter_(meter), feeder_(feeder), limits_(limits) {}

void MeterAlerts::raise(Alert alert, std::optional<Alert>& active, std::vector<AlertChange>& out) {
  if (active) return;
  active = alert;
  out.push_back({std::move(alert), false});
}

void MeterAlerts::clear(std::optional<Alert>& active, std::vector<AlertChange>& out) {
  if (!active) return;
  out.push_back({std::move(*active), true});
  active.reset();
}

std::vector<AlertChange> MeterAlerts::reading(Instant time, std::int64_t power_w,
                                              double voltage_v) {
  std::vector<AlertChange> out;
  heard_ = true;
  clear(silent_, out);
  watch_voltage(time, voltage_v, out);
  if (!feeder_) return out;
  const Instant end = next_multiple(time, minutes(1));
  if (minute_count_ > 0 && end != minute_end_) {
    if (!trend_.empty() && minute_end_ - trend_.back().end != minutes(1)) trend_.clear();
    trend_.push_back({minute_end_, minute_sum_w_ / static_cast<double>(minute_count_)});
    if (trend_.size() > trend_minutes) trend_.pop_front();
    minute_sum_w_ = 0;
    minute_count_ = 0;
    watch_overload(time, out);
  }
  minute_end_ = end;
  minute_sum_w_ += static_cast<double>(power_w);
  ++minute_count_;
  return out;
}

// Least squares over the window's minute means; flow in either direction loads the transformer.
void MeterAlerts::watch_overload(Instant time, std::vector<AlertChange>& out) {
  if (trend_.size() < trend_minutes) return;
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (std::size_t i = 0; i < trend_.size(); ++i) {
    const auto x = static_cast<double>(i);
    const double y = std::abs(trend_[i].power_w);
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  const auto n = static_cast<double>(trend_.size());
  const double slope = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
  const double fitted = (sum_y - slope * sum_x) / n + slope * (n - 1);  // at the last minute
  const double carried = std::abs(trend_.back().power_w);
  const double ahead = slope > 0 ? fitted + slope * lead_minutes : carried;
  const auto rating = static_cast<double>(limits_.transformer_w);
  if (carried >= rating)
    raise({AlertKind::transformer_overload, meter_, time, carried, rating, 0,
           text("The transformer carries %.1f kW, at or above its rating of %.1f kW.",
                carried / 1000, rating / 1000)},
          overload_, out);
  else if (ahead >= rating) {
    const double left = std::max(0.0, (rating - fitted) / slope);
    raise({AlertKind::transformer_overload, meter_, time, ahead, rating, left,
           text("The transformer carries %.1f kW and may reach its rating in %.0f minutes.",
                carried / 1000, left)},
          overload_, out);
  } else if (std::max(carried, ahead) < clear_share * rating) {
    clear(overload_, out);
  }
}

void MeterAlerts::watch_voltage(Instant time, double voltage_v, std::vector<AlertChange>& out) {
  const Instant end = next_multiple(time, voltage_window);
  if (window_count_ > 0 && end != window_end_) {
    const double mean = window_sum_v_ / static_cast<double>(window_count_);
    const bool low = mean < limits_.v_min;
    const bool high = mean > limits_.v_max;
    if (low || high)
      raise({AlertKind::voltage_band, meter_, window_end_, mean,
             low ? limits_.v_min : limits_.v_max, 0,
             text(low ? "The ten-minute mean voltage is %.1f V, below %.1f V."
                      : "The ten-minute mean voltage is %.1f V, above %.1f V.",
                  mean, low ? limits_.v_min : limits_.v_max)},
            voltage_, out);
    else
      clear(voltage_, out);
    window_sum_v_ = 0;
    window_count_ = 0;
  }
  window_end_ = end;
  window_sum_v_ += voltage_v;
  ++window_count_;
}

std::vector<AlertChange> MeterAlerts::interval_ended(Instant end) {
  std::vector<AlertChange> out;
  if (!heard_)
    raise({AlertKind::silent_meter, meter_, end, 1, 0, 0,
           "No reading has come from this meter for a whole interval."},
          silent_, out);
  heard_ = false;
  return out;
}

}  // namespace ai
