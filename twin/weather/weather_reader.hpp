#pragma once
// Reads a weather file, whichever of the two kinds it is: a CSV whose first line begins with "time"
// is a measured series (irradiance_reader.hpp), any other a TMY3 year (tmy3_reader.hpp).

#include "twin/scenario/scenario.hpp"
#include "twin/weather/weather_series.hpp"

namespace twin {

// `place`: of a measured series, which does not say where it was measured.
ledger::Result<WeatherRecord> read_weather(const std::string& file, const Place& place,
                                           const LoadFile& load);

}  // namespace twin
