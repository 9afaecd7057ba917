#include "ledger/base/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace ledger {

// Counted in 400-year eras that begin in March, so that the leap day is the last one of a year.
std::int64_t days_from_date(std::int64_t year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

namespace {

struct Date {
  std::int64_t year;
  int month, day;
};

Date date_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int days_in_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

// Reads exactly `width` digits and moves past them; -1 where they are missing.
int take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return -1;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = 10 * value + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Milliseconds from one to nine decimals; -1 where there are none, or finer ones than milliseconds.
int take_milliseconds(std::string_view& text) {
  int milli = 0, decimals = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++decimals) {
    if (decimals >= 3 && text[0] != '0') return -1;
    if (decimals < 3) milli = 10 * milli + (text[0] - '0');
  }
  if (decimals == 0 || decimals > 9) return -1;
  for (; decimals < 3; ++decimals) milli *= 10;
  return milli;
}

std::optional<int> take_offset_minutes(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
  const int hours = take_digits(text, 2);
  if (sign == 0 || !take(text, ':')) return std::nullopt;
  const int minutes = take_digits(text, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  return sign * (60 * hours + minutes);
}

}  // namespace

CivilFields fields_of(CivilTime time) {
  const std::int64_t local = time.unix_ms + std::int64_t{time.offset_minutes} * 60'000;
  const std::int64_t days = (local >= 0 ? local : local - ms_per_day + 1) / ms_per_day;
  const auto of_day = static_cast<std::int32_t>(local - days * ms_per_day);
  const Date date = date_from_days(days);
  CivilFields f{};
  f.year = static_cast<std::int32_t>(date.year);
  f.month = date.month;
  f.day = date.day;
  f.hour = of_day / 3'600'000;
  f.minute = of_day / 60'000 % 60;
  f.second = of_day / 1000 % 60;
  f.millisecond = of_day % 1000;
  f.weekday = static_cast<std::int32_t>(((days + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  f.day_of_year = static_cast<std::int32_t>(days - days_from_date(date.year, 1, 1) + 1);
  return f;
}

std::string to_rfc3339(CivilTime time) {
  const CivilFields f = fields_of(time);
  std::array<char, 64> out{};
  int n = std::snprintf(out.data(), out.size(), "%04d-%02d-%02dT%02d:%02d:%02d", f.year, f.month,
                        f.day, f.hour, f.minute, f.second);
  std::string text(out.data(), static_cast<std::size_t>(n));
  if (f.millisecond != 0) {
    n = std::snprintf(out.data(), out.size(), ".%03d", f.millisecond);
    text.append(out.data(), static_cast<std::size_t>(n));
  }
  if (time.offset_minutes == 0) return text + "Z";
  const int offset = time.offset_minutes < 0 ? -time.offset_minutes : time.offset_minutes;
  n = std::snprintf(out.data(), out.size(), "%c%02d:%02d", time.offset_minutes < 0 ? '-' : '+',
                    offset / 60, offset % 60);
  return text.append(out.data(), static_cast<std::size_t>(n));
}

std::optional<CivilTime> from_rfc3339(std::string_view text) {
  const int year = take_digits(text, 4);
  if (!take(text, '-')) return std::nullopt;
  const int month = take_digits(text, 2);
  if (!take(text, '-')) return std::nullopt;
  const int day = take_digits(text, 2);
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const int hour = take_digits(text, 2);
  if (!take(text, ':')) return std::nullopt;
  const int minute = take_digits(text, 2);
  if (!take(text, ':')) return std::nullopt;
  const int second = take_digits(text, 2);
  int milli = 0;
  if (take(text, '.')) {
    milli = take_milliseconds(text);
    if (milli < 0) return std::nullopt;
  }
  const auto offset = take_offset_minutes(text);
  if (!offset || year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 ||
      minute < 0 || minute > 59 || second < 0 || second > 59 || day > days_in_month(year, month))
    return std::nullopt;
  const std::int64_t local = days_from_date(year, month, day) * ms_per_day +
                             std::int64_t{hour} * 3'600'000 + std::int64_t{minute} * 60'000 +
                             std::int64_t{second} * 1000 + milli;
  return CivilTime{local - std::int64_t{*offset} * 60'000, *offset};
}

namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
// Longest first, for printing.
constexpr std::array<Unit, 5> units{{{"d", 86'400'000'000'000},
                                     {"h", 3'600'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000}}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& u : units)
    if (u.name == unit && number <= INT64_MAX / u.ns) return Duration{number * u.ns};
  return std::nullopt;
}

std::string to_text(Duration duration) {
  for (const Unit& u : units)
    if (duration.ns % u.ns == 0 && duration.ns != 0)
      return std::to_string(duration.ns / u.ns) + std::string(u.name);
  return duration.ns == 0 ? "0s" : std::to_string(duration.ns) + "ns";
}

}  // namespace ledger
