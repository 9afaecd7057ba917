#include "twin/device/standard_profile.hpp"

#include <algorithm>

#include "ledger/base/invariant.hpp"
#include "twin/device/h25_table.hpp"

namespace twin {
namespace {

constexpr std::int64_t ms_per_quarter = 900'000;

const StandardProfile::Day& day_of(const StandardProfile& profile, const ledger::CivilFields& day) {
  return profile
      .kwh[static_cast<std::size_t>(day.month - 1)][static_cast<std::size_t>(day_type(day))];
}

double factor_of(bool dynamised, const ledger::CivilFields& day) {
  return dynamised ? dynamisation(day.day_of_year) : 1;
}

}  // namespace

StandardLoad::StandardLoad(const StandardProfile& profile, bool dynamised, double annual_kwh,
                           ledger::CivilTime start)
    : profile_(&profile),
      dynamised_(dynamised),
      offset_ms_(start.unix_ms + std::int64_t{start.offset_minutes} * 60'000) {
  double sum = 0;
  for (const ledger::CivilFields& day : days_of_year(start)) {
    double of_day = 0;
    for (const double kwh : day_of(profile, day)) of_day += kwh;
    sum += of_day * factor_of(dynamised, day);
  }
  ledger::invariant(sum > 0, "a standard load profile has energy");
  scale_ = annual_kwh / sum * 1000 * 4;
}

double StandardLoad::power_w(ledger::Instant from, ledger::Duration span) {
  const std::int64_t begin = offset_ms_ + from.whole_ms();
  const std::int64_t end = begin + span.whole_ms();
  double energy = 0;  // W ms
  for (std::int64_t at = begin; at < end;) {
    find_quarter(at);
    const std::int64_t until = std::min(end, (quarter_ + 1) * ms_per_quarter);
    energy += power_w_ * static_cast<double>(until - at);
    at = until;
  }
  return energy / static_cast<double>(end - begin);
}

void StandardLoad::find_quarter(std::int64_t at) {
  const std::int64_t quarter = ledger::floor_div(at, ms_per_quarter);
  if (quarter == quarter_) return;
  quarter_ = quarter;
  const std::int64_t day = ledger::floor_div(quarter, quarters_a_day);
  if (day != day_) {
    day_ = day;
    const ledger::CivilFields date = ledger::fields_of({day * 86'400'000, 0});
    of_day_ = &day_of(*profile_, date);
    factor_ = scale_ * factor_of(dynamised_, date);
  }
  power_w_ =
      factor_ * (*of_day_)[static_cast<std::size_t>(quarter - day * std::int64_t{quarters_a_day})];
}

}  // namespace twin
