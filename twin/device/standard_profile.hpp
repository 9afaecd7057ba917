#pragma once
// A load that follows a standard load profile table: energy by month, day type and quarter hour.
//
//   P(t) = annual_kwh W(t) / sum of the year's W,  W = table(month, day type, quarter) F(t)
// F is the dynamisation (h25_table.hpp) where the profile is meant so, else 1. The sum is that of
// the calendar year that holds the start, with its own Sundays and holidays (day_type.hpp), so the
// load's energy over that year is annual_kwh exactly, whatever the table's own sum is.

#include <array>

#include "ledger/base/time.hpp"
#include "twin/device/day_type.hpp"

namespace twin {

constexpr std::size_t quarters_a_day = 96;

struct StandardProfile {
  using Day = std::array<double, quarters_a_day>;
  // By month (0 is January) and day type: kWh a quarter hour, in any scale.
  std::array<std::array<Day, day_types>, 12> kwh{};
};

class StandardLoad {
 public:
  // `profile` must outlive the load and have a year's energy above zero. The start's offset is kept
  // for all times.
  StandardLoad(const StandardProfile& profile, bool dynamised, double annual_kwh,
               ledger::CivilTime start);

  // Mean power over [from, from + span), W: exact for any span above zero.
  double power_w(ledger::Instant from, ledger::Duration span);

 private:
  void find_quarter(std::int64_t at);

  const StandardProfile* profile_;
  bool dynamised_;
  double scale_;            // W a kWh of the table
  std::int64_t offset_ms_;  // from scenario time to local time since 1970
  std::int64_t quarter_ = INT64_MIN, day_ = INT64_MIN;
  double power_w_ = 0;  // of the quarter
  const StandardProfile::Day* of_day_ = nullptr;
  double factor_ = 1;  // of the day: scale and dynamisation
};

}  // namespace twin
