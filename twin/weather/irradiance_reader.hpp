#pragma once
// Reads a measured series of weather from CSV.
//
//   line 1  the columns' names, first "time"; of ghi, dni, dhi, temperature, wind in any order ghi
//           is required; other columns are passed over
//   lines   time: RFC 3339 with offset, 'T' or a space before the clock: the BEGINNING of an
//   interval
//           whose means follow, W/m2, C, m/s; one interval length throughout, 1 to 60 whole minutes
//           that divide a day, nothing left out, at least a day, at most 3 years of minutes
// Without dni or dhi GHI is split by clearness (irradiance.hpp) at the interval's middle; without
// temperature it is 15 C, without wind 1 m/s.

#include <string>
#include <string_view>

#include "ledger/base/result.hpp"
#include "twin/weather/weather_series.hpp"

namespace twin {

// The first mistake as "file:line: column: found ...; wants ...".
ledger::Result<WeatherRecord> read_irradiance(std::string_view text, const std::string& file,
                                              const Place& place);

}  // namespace twin
