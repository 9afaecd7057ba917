#pragma once
// Reads a TMY3 file (Wilcox and Marion, Users Manual for TMY3 Data Sets, NREL/TP-581-43156, 2008).
//
//   line 1       site number, name, state, time zone (h east of UTC), latitude, longitude,
//   elevation line 2       the columns' names lines 3-8762 a year of 365 days, hour by hour: date
//   MM/DD/YYYY, hour 01:00 to 24:00 local
//                standard time, which is the hour's END; months come from different years
// Used: GHI, DNI, DHI (W/m2, means over the hour), Dry-bulb (C) and Wspd (m/s), both read at the
// hour's end. A missing value (-9900) is refused: TMY3 files have none in these columns.

#include <string>
#include <string_view>

#include "ledger/base/result.hpp"
#include "twin/weather/weather_series.hpp"

namespace twin {

// The first mistake as "file:line: column: found ...; wants ...".
ledger::Result<WeatherRecord> read_tmy3(std::string_view text, const std::string& file);

}  // namespace twin
