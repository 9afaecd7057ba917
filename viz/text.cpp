#include "viz/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace viz {
namespace {

constexpr const char* narrow_space = "\u202f";
constexpr std::array<const char*, 12> months = {"January",   "February", "March",    "April",
                                                "May",       "June",     "July",     "August",
                                                "September", "October",  "November", "December"};
constexpr std::array<const char*, 7> weekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                 "Friday", "Saturday", "Sunday"};

std::string two_digits(int value) {
  return {static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
}

std::string month_of(ledger::CivilTime time) {
  return months[static_cast<std::size_t>(ledger::fields_of(time).month - 1)];
}

}  // namespace

std::string number_text(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                 std::chars_format::fixed, decimals);
  const std::string digits(buffer.data(), end.ptr);
  const std::size_t whole = std::min(digits.find('.'), digits.size());
  const bool zero = digits.find_first_not_of("0.") == std::string::npos;
  std::string out = value < 0 && !zero ? "−" : "";
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0) out += narrow_space;
    out += digits[i];
  }
  return out;
}

std::string element_text(const std::string& name) {
  return name == "transformer" ? "the transformer" : name;
}

std::string figure_text(double value) {
  const double size = std::abs(value);
  if (!(size > 0)) return number_text(value, 0);
  const int before = static_cast<int>(std::floor(std::log10(size))) + 1;
  return number_text(value, std::clamp(3 - before, 0, 6));
}

ledger::CivilTime civil_time(ledger::CivilTime epoch, ledger::Instant time) {
  return {epoch.unix_ms + time.whole_ms(), epoch.offset_minutes};
}

std::string clock_text(ledger::CivilTime time) {
  const auto fields = ledger::fields_of(time);
  return two_digits(fields.hour) + ":" + two_digits(fields.minute);
}

std::string day_text(ledger::CivilTime time) {
  return std::to_string(ledger::fields_of(time).day) + " " + month_of(time).substr(0, 3);
}

std::string date_text(ledger::CivilTime time) {
  const auto fields = ledger::fields_of(time);
  return std::string(weekdays[static_cast<std::size_t>(fields.weekday)]) + ", " +
         std::to_string(fields.day) + " " + month_of(time) + " " + std::to_string(fields.year);
}

std::string span_text(ledger::Duration duration) {
  const std::int64_t minutes = (duration.ns + ledger::seconds(30).ns) / ledger::minutes(1).ns;
  if (minutes < 60) return std::to_string(minutes) + " min";
  if (minutes % 1440 == 0 && minutes > 1440) return std::to_string(minutes / 1440) + " days";
  const std::string hours = std::to_string(minutes / 60) + " h";
  return minutes % 60 == 0 ? hours : hours + " " + std::to_string(minutes % 60) + " min";
}

}  // namespace viz
