#pragma once
// The sky over a scenario: sun, irradiance, air temperature and wind, from a weather file or
// generated; functions of time (and one random stream), so that any step length sees the same.
// Sun and irradiance: sun.hpp, irradiance.hpp. From a file: weather_series.hpp.
//
// Generated:
//   clouds       GHI = GHI_clear k; k blends a clear state 1 and a cloudy one 0.25..0.5 through a
//                smoothed random sequence with a node every 2 minutes, which a full ramp takes: it
//                moves at most 0.94 % of clear sky a second. Shadows cross the village: each roof
//                sees them with a lag of its own
//   temperature  mean + swing cos(2 pi (t - 15 h) / 24 h), plus an offset within +-2 K that is
//                drawn for each local noon and wanders in a straight line to the next
//   wind         1 m/s, as in NOCT conditions
// Nodes are drawn by their date: a scenario that starts a day earlier has the same weather after.

#include <array>
#include <memory>
#include <vector>

#include "ledger/base/rng.hpp"
#include "ledger/base/time.hpp"
#include "twin/scenario/scenario.hpp"
#include "twin/weather/irradiance.hpp"
#include "twin/weather/weather_series.hpp"

namespace twin {

struct WeatherSample {
  double temperature_c = 0, wind_m_s = 1;
  Irradiance light;
  Sun sun;
  // What other places need to know of the same moment; no clouds to move where there is no clear
  // sky to shade.
  double clear_ghi_w_m2 = 0;
  std::array<double, 4> cloud_nodes{1, 1, 1, 1};  // the moment lies between the second
  double cloud_part = 0;                          // and the third: 0 to 1
};

// The light where clouds come `lag_s` later (negative: earlier), at most a minute.
Irradiance with_cloud_lag(const WeatherSample& sky, double lag_s);

class Weather {
 public:
  // `series`: what a weather file tells; empty: generated.
  Weather(const WeatherSpec& spec, ledger::CivilTime start, ledger::Rng rng,
          std::shared_ptr<const WeatherSeries> series = {})
      : spec_(spec), start_(start), rng_(rng), series_(std::move(series)) {}

  Place place() const;  // the file's own where there is one

  // `time` may lie before the scenario's start. At most a few hundred operations.
  WeatherSample at(ledger::Instant time) const;
  // What a step from `from` on sees: the middles of equal pieces of at most two minutes, an odd
  // number of them, so that the middle one is the step's own. `out` is replaced.
  void over(ledger::Instant from, ledger::Duration span, std::vector<WeatherSample>& out) const;

 private:
  WeatherSample generated(std::int64_t unix_ms) const;
  void place_clouds(std::int64_t unix_ms, WeatherSample& sky) const;
  double cloud_node(std::int64_t number) const;
  double day_offset_k(double local_days) const;

  WeatherSpec spec_;
  ledger::CivilTime start_;
  ledger::Rng rng_;
  std::shared_ptr<const WeatherSeries> series_;
};

}  // namespace twin
