#include "ai/forecast.hpp"

#include <algorithm>
#include <cmath>

#include "ledger/base/amounts.hpp"

namespace ai {
namespace {

constexpr std::size_t days_in_mean = 7;

// The last `days` whole days of a history.
std::span<const std::int64_t> last_days(std::span<const std::int64_t> history,
                                        std::size_t slots_a_day, std::size_t days) {
  const std::size_t have = slots_a_day == 0 ? 0 : history.size() / slots_a_day;
  return history.last(std::min(days, have) * slots_a_day);
}

}  // namespace

std::vector<std::int64_t> seven_day_mean(std::span<const std::int64_t> history,
                                         std::size_t slots_a_day) {
  const auto used = last_days(history, slots_a_day, days_in_mean);
  if (used.empty()) return {};
  std::vector<std::int64_t> sums(slots_a_day, 0);
  for (std::size_t i = 0; i < used.size(); ++i) sums[i % slots_a_day] += used[i];
  const auto days = static_cast<std::int64_t>(used.size() / slots_a_day);
  for (std::int64_t& s : sums) s = ledger::mul_div_round(s, 1, days);
  return sums;
}

std::vector<std::int64_t> persistence(std::span<const std::int64_t> history,
                                      std::size_t slots_a_day) {
  const auto day = last_days(history, slots_a_day, 1);
  return {day.begin(), day.end()};
}

void ForecastScore::add(std::int64_t forecast, std::int64_t actual) {
  const auto error = static_cast<double>(forecast - actual);
  ++n;
  absolute_error += std::abs(error);
  squared_error += error * error;
  absolute_actual += std::abs(static_cast<double>(actual));
}

double ForecastScore::mae() const { return n == 0 ? 0 : absolute_error / static_cast<double>(n); }

double ForecastScore::rmse() const {
  return n == 0 ? 0 : std::sqrt(squared_error / static_cast<double>(n));
}

double ForecastScore::nmae() const {
  return absolute_actual == 0 ? 0 : absolute_error / absolute_actual;
}

}  // namespace ai
