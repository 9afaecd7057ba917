#include <doctest/doctest.h>

#include "ledger/base/local_time.hpp"

using namespace ledger;

namespace {

constexpr std::int64_t quarter_hour_ms = 900'000;

std::int64_t slots_of(const char* zone, std::int32_t year, std::int32_t month, std::int32_t day) {
  return local_day(*zone_named(zone), year, month, day).length_ms / quarter_hour_ms;
}

std::string written(const char* zone, const char* utc) {
  return to_rfc3339(local_time(*zone_named(zone), from_rfc3339(utc)->unix_ms));
}

}  // namespace

TEST_CASE("local time: days of 92, 96 and 100 slots") {
  CHECK(slots_of("Europe/Berlin", 2026, 3, 28) == 96);
  CHECK(slots_of("Europe/Berlin", 2026, 3, 29) == 92);
  CHECK(slots_of("Europe/Berlin", 2026, 3, 30) == 96);
  CHECK(slots_of("Europe/Berlin", 2026, 10, 25) == 100);
  CHECK(slots_of("Europe/Lisbon", 2026, 3, 29) == 92);
  CHECK(slots_of("Europe/Helsinki", 2026, 10, 25) == 100);
  CHECK(slots_of("UTC", 2026, 3, 29) == 96);
  CHECK(slots_of("+02:00", 2026, 10, 25) == 96);
  // Last Sundays on the 31st and on the 25th.
  CHECK(slots_of("Europe/Berlin", 2024, 3, 31) == 92);
  CHECK(slots_of("Europe/Berlin", 2020, 10, 25) == 100);
  for (const std::int32_t year : {2024, 2025, 2026, 2027, 2028}) {
    std::int64_t all = 0;
    for (std::int32_t month : {3, 10})
      for (std::int32_t day = 1; day <= 31; ++day)
        all += slots_of("Europe/Berlin", year, month, day);
    CHECK(all == 62 * 96);
  }
}

TEST_CASE("local time: each moment of a day that is short or long belongs to it") {
  const Zone berlin = *zone_named("Europe/Berlin");
  for (const auto& date : {std::pair{3, 29}, std::pair{10, 25}, std::pair{6, 21}}) {
    const std::int32_t month = date.first, day = date.second;
    const LocalDay d = local_day(berlin, 2026, month, day);
    const auto in_day = [&](std::int64_t unix_ms) {
      const CivilFields f = fields_of(local_time(berlin, unix_ms));
      return f.month == month && f.day == day;
    };
    for (std::int64_t at = 0; at < d.length_ms; at += quarter_hour_ms)
      REQUIRE(in_day(d.begin_unix_ms + at));
    CHECK_FALSE(in_day(d.begin_unix_ms - 1));
    CHECK_FALSE(in_day(d.begin_unix_ms + d.length_ms));
  }
}

TEST_CASE("local time: the hour that is left out, and the one that is there twice") {
  CHECK(written("Europe/Berlin", "2026-03-29T00:59:59Z") == "2026-03-29T01:59:59+01:00");
  CHECK(written("Europe/Berlin", "2026-03-29T01:00:00Z") == "2026-03-29T03:00:00+02:00");
  CHECK(written("Europe/Berlin", "2026-10-25T00:30:00Z") == "2026-10-25T02:30:00+02:00");
  CHECK(written("Europe/Berlin", "2026-10-25T01:30:00Z") == "2026-10-25T02:30:00+01:00");
  CHECK(written("Europe/Dublin", "2026-07-01T12:00:00Z") == "2026-07-01T13:00:00+01:00");
  CHECK(written("-03:30", "2026-07-01T12:00:00Z") == "2026-07-01T08:30:00-03:30");
}

TEST_CASE("local time: names that are none") {
  for (const char* name : {"", "Europe/London", "europe/berlin", "+1:00", "+25:00", "CEST", "Z"})
    CHECK_FALSE(zone_named(name));
}

TEST_CASE("local time: every place that is told is one, the Union's capitals among them") {
  const std::string names = zone_names();
  std::size_t places = 0;
  for (std::size_t at = names.find("one of ") + 7; at < names.size();) {
    const std::size_t end = std::min(names.find(", ", at), names.size());
    const auto zone = zone_named(names.substr(at, end - at));
    REQUIRE(zone);
    CHECK(zone->summer_time);
    ++places;
    at = end + 2;
  }
  CHECK(places == 28);  // of 27 members, and Zurich
  CHECK(written("Europe/Budapest", "2026-07-01T12:00:00Z") == "2026-07-01T14:00:00+02:00");
  CHECK(written("Europe/Bucharest", "2026-01-01T12:00:00Z") == "2026-01-01T14:00:00+02:00");
  CHECK(written("Asia/Nicosia", "2026-07-01T12:00:00Z") == "2026-07-01T15:00:00+03:00");
  CHECK_FALSE(zone_named("Europe/Atlantis"));
}
