#include "ledger/base/local_time.hpp"

#include <algorithm>
#include <array>

namespace ledger {
namespace {

constexpr std::int64_t ms_per_hour = 3'600'000;

struct Place {
  std::string_view name;
  std::int32_t offset_minutes;
};
constexpr std::array places{
    Place{"Europe/Amsterdam", 60},  Place{"Europe/Athens", 120},    Place{"Europe/Berlin", 60},
    Place{"Europe/Bratislava", 60}, Place{"Europe/Brussels", 60},   Place{"Europe/Bucharest", 120},
    Place{"Europe/Budapest", 60},   Place{"Europe/Copenhagen", 60}, Place{"Europe/Dublin", 0},
    Place{"Europe/Helsinki", 120},  Place{"Europe/Lisbon", 0},      Place{"Europe/Ljubljana", 60},
    Place{"Europe/Luxembourg", 60}, Place{"Europe/Madrid", 60},     Place{"Europe/Malta", 60},
    Place{"Asia/Nicosia", 120},     Place{"Europe/Paris", 60},      Place{"Europe/Prague", 60},
    Place{"Europe/Riga", 120},      Place{"Europe/Rome", 60},       Place{"Europe/Sofia", 120},
    Place{"Europe/Stockholm", 60},  Place{"Europe/Tallinn", 120},   Place{"Europe/Vienna", 60},
    Place{"Europe/Vilnius", 120},   Place{"Europe/Warsaw", 60},     Place{"Europe/Zagreb", 60},
    Place{"Europe/Zurich", 60}};

std::int64_t midnight_utc(std::int32_t year, std::int32_t month, std::int32_t day) {
  return days_from_date(year, month, day) * ms_per_day;
}

// 01:00 UTC of the last Sunday of a month of 31 days.
std::int64_t last_sunday(std::int32_t year, std::int32_t month) {
  const std::int64_t last = midnight_utc(year, month, 31);
  const std::int32_t weekday = fields_of({last, 0}).weekday;  // 0 is Monday
  return last - (weekday + 1) % 7 * ms_per_day + ms_per_hour;
}

}  // namespace

std::optional<Zone> zone_named(std::string_view name) {
  if (name == "UTC") return Zone{};
  const auto place =
      std::find_if(places.begin(), places.end(), [&](const Place& p) { return p.name == name; });
  if (place != places.end()) return Zone{place->offset_minutes, true};
  const auto time = from_rfc3339("2000-01-01T12:00:00" + std::string(name));
  const bool is_offset = name.size() == 6 && (name[0] == '+' || name[0] == '-');
  return time && is_offset ? std::optional(Zone{time->offset_minutes, false}) : std::nullopt;
}

std::string zone_names() {
  std::string out = "UTC, an offset such as +01:00, or one of";
  for (const Place& p : places) out.append(&p == places.data() ? " " : ", ").append(p.name);
  return out;
}

bool is_summer_time(std::int64_t unix_ms) {
  const std::int32_t year = fields_of({unix_ms, 0}).year;
  return last_sunday(year, 3) <= unix_ms && unix_ms < last_sunday(year, 10);
}

CivilTime local_time(const Zone& zone, std::int64_t unix_ms) {
  const bool ahead = zone.summer_time && is_summer_time(unix_ms);
  return {unix_ms, zone.offset_minutes + (ahead ? 60 : 0)};
}

LocalDay local_day(const Zone& zone, std::int32_t year, std::int32_t month, std::int32_t day) {
  // Summer time begins and ends at no place's midnight.
  const auto begin = [&](std::int64_t midnight) {
    const std::int64_t in_winter = midnight - std::int64_t{zone.offset_minutes} * 60'000;
    return zone.summer_time && is_summer_time(in_winter) ? in_winter - ms_per_hour : in_winter;
  };
  const std::int64_t midnight = midnight_utc(year, month, day);
  return {begin(midnight), begin(midnight + ms_per_day) - begin(midnight)};
}

}  // namespace ledger
