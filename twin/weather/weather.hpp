#pragma once
// The sky over a scenario: sun position, clear-sky irradiance, passing clouds and air temperature,
// all functions of time and one random stream, so that any step length sees the same weather.
//
//   declination  d = 23.45 deg sin(2 pi (284 + n) / 365)                           (Cooper, 1969)
//   hour angle   w = 15 deg (t_solar - 12 h), equation of time after Spencer (1971)
//   elevation    sin h = sin L sin d + cos L cos d cos w
//   clear sky    GHI = 1098 sin h exp(-0.057 / sin h)                            (Haurwitz, 1945)
//   clouds       GHI = GHI_clear k; k blends a clear state 1 and a cloudy one 0.25..0.5 through a
//                smoothed random sequence with a node every 2 minutes, which a full ramp takes: it
//                moves at most 0.94 % of clear sky a second. Shadows cross the village: each roof
//                sees them with a lag of its own
//   diffuse      the share of GHI by clearness (Erbs, Klein and Duffie, 1982)
//   temperature  mean + swing cos(2 pi (t - 15 h) / 24 h), plus an offset within +-2 K that is
//   drawn
//                for each local noon and wanders in a straight line to the next

#include <array>

#include "ledger/base/rng.hpp"
#include "ledger/base/time.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

struct WeatherSample {
  double temperature_c = 0;
  double ghi_w_m2 = 0;       // global horizontal
  double dhi_w_m2 = 0;       // diffuse horizontal
  double dni_w_m2 = 0;       // beam, normal to the sun
  double sin_elevation = 0;  // of the sun; below 0 at night
  double cos_elevation = 1;
  double azimuth_rad = 0;  // from north over east
  // What other places need to know of the same moment.
  double clear_ghi_w_m2 = 0, extraterrestrial_w_m2 = 0;  // horizontal
  std::array<double, 4> cloud_nodes{1, 1, 1, 1};         // the moment lies between the second
  double cloud_part = 0;                                 // and the third: 0 to 1
};

// The sky where clouds come `lag_s` later (negative: earlier), at most a minute.
WeatherSample with_cloud_lag(WeatherSample sky, double lag_s);

class Weather {
 public:
  Weather(const WeatherSpec& spec, ledger::CivilTime start, ledger::Rng rng)
      : spec_(spec), start_(start), rng_(rng) {}

  // `time` may lie before the scenario's start. At most a few hundred operations.
  WeatherSample at(ledger::Instant time) const;

 private:
  void place_clouds(ledger::Instant time, WeatherSample& sky) const;
  double cloud_node(std::int64_t number) const;
  double day_offset_k(double local_days) const;

  WeatherSpec spec_;
  ledger::CivilTime start_;
  ledger::Rng rng_;
};

// Irradiance on a tilted plane: beam, isotropic diffuse and ground-reflected (albedo 0.2).
// (Liu and Jordan, 1963)
double plane_irradiance(const WeatherSample& sky, double tilt_rad, double azimuth_rad);

}  // namespace twin
