#pragma once
// Day-ahead forecasts of one home's net energy by market slot, Wh, import positive. Integers: a
// forecast is recorded on the ledger before its day.

#include <cstdint>
#include <span>
#include <vector>

namespace ai {

// The mean of the same slot on the last seven days, rounded half away from zero. `history`: whole
// days, oldest first; the last seven are used, fewer where there are fewer. Empty without a day.
std::vector<std::int64_t> seven_day_mean(std::span<const std::int64_t> history,
                                         std::size_t slots_a_day);

// The baseline to beat: tomorrow is as today.
std::vector<std::int64_t> persistence(std::span<const std::int64_t> history,
                                      std::size_t slots_a_day);

// Sums of a forecast's errors, to be divided by n.
struct ForecastScore {
  std::uint64_t n = 0;
  double absolute_error = 0, squared_error = 0, absolute_actual = 0;

  void add(std::int64_t forecast, std::int64_t actual);
  double mae() const;
  double rmse() const;
  double nmae() const;  // of the mean absolute actual
};

}  // namespace ai
