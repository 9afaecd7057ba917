#pragma once
// What a controller asks of one home for one step. Devices obey within their physics; what they did
// stands in HomeState. What is not set leaves the device to itself.

#include <optional>

namespace twin {

struct SetPoints {
  std::optional<double> pv_limit_w{};         // at most this is fed in; >= 0
  std::optional<double> battery_w{};          // charging positive, instead of the home's own policy
  std::optional<double> ev_limit_w{};         // at most; below 6 A a phase the car waits
  std::optional<double> heat_pump_limit_w{};  // at most, electric; below 30 % of its power it waits
  std::optional<double> load_limit_w{};       // of the household; what it wants beyond is shed
};

}  // namespace twin
