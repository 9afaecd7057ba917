#pragma once
// Weather as a file tells it, interval by interval, made continuous without changing any
// interval's energy.
//
// Irradiance. An interval of n pieces (five minutes each, at least two) has nodes j = 0..n, and the
// light runs in straight lines between them. With m the file's mean, e(t) the clear-sky course of
// the quantity (GHI and DHI: Haurwitz's GHI; DNI: 0.7^(AM^0.678), Meinel and Meinel, 1976):
//   y_j = k_j e_j, k running in straight lines from one interval's middle to the next's, where it
//         is m over the mean of e. An interval whose light does not fit its sun is flat: y_j = m
//   shared nodes are the mean of both sides' y, at most n / 2 times the smaller of both means
//   the inner nodes are scaled by the one factor that makes the interval's mean m, exactly
// So light is never negative, has no jumps, follows the sun within the hour, and its integral over
// every interval is the file's. There are no clouds faster than the file's intervals.
// Temperature and wind run in straight lines between the times at which they were read.
//
// Calendar. A measured series holds at its own dates. A typical year has 365 days in the standard
// time of its place: a moment takes the values of the same month, day and time in that zone,
// whatever the year; 29 February takes those of the 28th; 31 December is followed by 1 January. Sun
// and light stay together: in a typical year the sun is that of the year's own day.
// A scenario's time is compared through UTC. Before a measured series' first day its first day's
// values stand in (for the days that meters remember from before the start).

#include <cstdint>
#include <vector>

#include "ledger/base/result.hpp"
#include "ledger/base/time.hpp"
#include "twin/weather/irradiance.hpp"

namespace twin {

// What one interval of a weather file says.
struct WeatherValues {
  Irradiance light;          // means over the interval
  double temperature_c = 0;  // read at one time in it
  double wind_m_s = 0;
};

struct WeatherRecord {
  std::string file;
  Place place;
  bool typical_year = false;
  std::int32_t zone_minutes = 0;   // of a typical year, east of UTC
  std::int64_t begin_unix_ms = 0;  // of a measured series
  std::int64_t interval_ms = 3'600'000;
  double read_at = 1;  // where in its interval temperature and wind were read: 1 is its end
  std::vector<WeatherValues> values;  // at least two, all finite, light >= 0
};

struct WeatherPoint {
  Irradiance light;
  Sun sun;
  double temperature_c = 0, wind_m_s = 0;
};

class WeatherSeries {
 public:
  explicit WeatherSeries(WeatherRecord record);

  const Place& place() const { return record_.place; }
  WeatherPoint at(std::int64_t unix_ms) const;
  // Whether the series tells of this time: file and dates where it does not.
  ledger::Result<void> covers(ledger::CivilTime start, ledger::Duration length) const;

 private:
  using Quantity = double Irradiance::*;
  double position_ms(std::int64_t unix_ms) const;  // since the record's first interval began
  Sun sun_at(double position_ms) const;
  std::vector<double> nodes_of(Quantity quantity, const std::vector<double>& clear) const;
  std::size_t beside(std::size_t interval, int step) const;

  WeatherRecord record_;
  std::size_t pieces_;  // n
  double piece_ms_;
  std::vector<double> ghi_, dhi_, dni_;  // by node
};

}  // namespace twin
