#pragma once
// Local time of a place, for statements by day and hour. What is settled knows slots alone: a day
// of 15-minute slots has 96, one of 92 when summer time begins and one of 100 when it ends.
//
// Summer time of the European Union (directive 2000/84/EC): from the last Sunday of March to the
// last Sunday of October, both at 01:00 UTC, one hour ahead.

#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/time.hpp"

namespace ledger {

struct Zone {
  std::int32_t offset_minutes = 0;  // in winter, east of UTC
  bool summer_time = false;         // of the European Union
  auto operator<=>(const Zone&) const = default;
};

// "UTC"; a fixed offset such as "+02:00"; or a place by its name in the IANA time zone database:
// those of the Union's 27 capitals and Europe/Zurich, which all have kept the rule since 2003, most
// of them since 1996. Nothing for another name.
std::optional<Zone> zone_named(std::string_view name);
std::string zone_names();  // all that there are, in words

bool is_summer_time(std::int64_t unix_ms);  // anywhere in the Union
CivilTime local_time(const Zone& zone, std::int64_t unix_ms);

// When a local day of a place begins, and how long it is.
struct LocalDay {
  std::int64_t begin_unix_ms = 0, length_ms = 0;
};
// month: 1 to 12, day: of the month.
LocalDay local_day(const Zone& zone, std::int32_t year, std::int32_t month, std::int32_t day);

}  // namespace ledger
