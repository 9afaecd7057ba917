#pragma once
// Time as data. The core never asks for the time: a host passes it in.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledger {

// A span of time in nanoseconds; may be negative.
struct Duration {
  std::int64_t ns = 0;
  auto operator<=>(const Duration&) const = default;
  constexpr double seconds() const { return static_cast<double>(ns) * 1e-9; }
  constexpr std::int64_t whole_ms() const { return ns / 1'000'000; }
};

constexpr Duration nanoseconds(std::int64_t n) { return {n}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }
constexpr Duration minutes(std::int64_t n) { return seconds(60 * n); }
constexpr Duration hours(std::int64_t n) { return seconds(3600 * n); }

constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
constexpr Duration operator*(Duration a, std::int64_t k) { return {a.ns * k}; }
constexpr std::int64_t operator/(Duration a, Duration b) { return a.ns / b.ns; }
constexpr Duration operator%(Duration a, Duration b) { return {a.ns % b.ns}; }

// A point in time: nanoseconds since the scenario's epoch (its start).
struct Instant {
  std::int64_t ns = 0;
  auto operator<=>(const Instant&) const = default;
  constexpr Duration since_epoch() const { return {ns}; }
  constexpr std::int64_t whole_ms() const { return ns / 1'000'000; }
};

constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }
constexpr Instant operator-(Instant t, Duration d) { return {t.ns - d.ns}; }
constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }

// Later than anything that happens.
constexpr Instant never{INT64_MAX};

// A civil time: Unix milliseconds and the zone's offset in minutes east of UTC.
struct CivilTime {
  std::int64_t unix_ms = 0;
  std::int32_t offset_minutes = 0;
  auto operator<=>(const CivilTime&) const = default;
};

// Fields of a civil time in its own offset. weekday: 0 is Monday; day_of_year: 1 is 1 January.
struct CivilFields {
  std::int32_t year, month, day, hour, minute, second, millisecond, weekday, day_of_year;
};

CivilFields fields_of(CivilTime time);

// Days since 1970-01-01 of a date, proleptic Gregorian, of any year.
std::int64_t days_from_date(std::int64_t year, int month, int day);

inline constexpr std::int64_t ms_per_day = 86'400'000;

// Rounds down, also below zero; b is positive.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return (a >= 0 ? a : a - b + 1) / b;
}

// "2026-06-21T00:00:00+02:00" (RFC 3339), milliseconds where there are any; reads t, z, 9 decimals.
std::string to_rfc3339(CivilTime time);
std::optional<CivilTime> from_rfc3339(std::string_view text);

// "90s", "15m", "2h", "1d", "250ms": a whole positive number and one unit.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest such text that is exact.
std::string to_text(Duration duration);

}  // namespace ledger
