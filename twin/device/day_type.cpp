#include "twin/device/day_type.hpp"

namespace twin {
namespace {

constexpr int saturday = 5, sunday = 6;  // CivilFields::weekday

bool leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

bool public_holiday(const ledger::CivilFields& d) {
  const auto on = [&](int month, int day) { return d.month == month && d.day == day; };
  if (on(1, 1) || on(5, 1) || on(10, 3) || on(12, 25) || on(12, 26)) return true;
  if (d.month < 3 || d.month > 6) return false;
  const int after_easter = d.day_of_year - easter_day_of_year(d.year);
  // Good Friday, Easter Monday, Ascension Day, Whit Monday.
  return after_easter == -2 || after_easter == 1 || after_easter == 39 || after_easter == 50;
}

}  // namespace

DayType day_type(const ledger::CivilFields& day) {
  if (day.weekday == sunday || public_holiday(day)) return DayType::holiday;
  const bool eve = day.month == 12 && (day.day == 24 || day.day == 31);
  return day.weekday == saturday || eve ? DayType::saturday : DayType::workday;
}

std::vector<ledger::CivilFields> days_of_year(ledger::CivilTime within) {
  const ledger::CivilFields today = ledger::fields_of(within);
  ledger::CivilTime day = within;
  day.unix_ms -= (today.day_of_year - 1) * ledger::ms_per_day;
  std::vector<ledger::CivilFields> out;
  out.reserve(366);
  for (ledger::CivilFields f = ledger::fields_of(day); f.year == today.year;) {
    out.push_back(f);
    day.unix_ms += ledger::ms_per_day;
    f = ledger::fields_of(day);
  }
  return out;
}

int easter_day_of_year(int year) {
  const int a = year % 19, b = year / 100, c = year % 100;
  const int d = b / 4, e = b % 4, g = (8 * b + 13) / 25;
  const int h = (19 * a + b - d - g + 15) % 30;
  const int i = c / 4, k = c % 4;
  const int l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int m = (a + 11 * h + 19 * l) / 433;
  const int month = (h + l - 7 * m + 90) / 25;
  const int day = (h + l - 7 * m + 33 * month + 19) % 32;
  return day + (month == 4 ? 90 : 59) + (leap(year) ? 1 : 0);
}

}  // namespace twin
