// The model against a measured plant: NREL SERF East, Golden CO (PVDAQ system 50), quarter-hours of
// July to October 2016, driven by satellite irradiance (NSRDB PSM3: hourly GHI and temperature).

#include <cmath>
#include <doctest/doctest.h>
#include <map>

#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/device/pv.hpp"
#include "twin/weather/csv_line.hpp"

using namespace twin;

namespace {

// Place, slope and azimuth as published with the data (pvanalytics, example gallery "Infer Array
// Tilt/Azimuth - PVWatts"). The rating of 6.0 kW is nominal; it is also what fits best.
const Place golden{39.742, -105.1727};
const PvSpec serf_east{6.0, 45, 158, 6.0};

using Series = std::map<std::int64_t, double>;  // by Unix ms

// One column of a CSV whose first is the time, where it holds a number.
Series column(const std::string& file, std::string_view name) {
  test::Process xz({"xz", "-dc", test::shared_path("pv-measured/" + file)});
  REQUIRE(xz.finish() == 0);
  CsvLines lines(xz.output, file);
  std::vector<std::string_view> fields;
  REQUIRE(lines.next(fields));
  std::size_t at = 0;
  while (at < fields.size() && fields[at] != name) ++at;
  Series out;
  while (lines.next(fields)) {
    std::string time(fields[0]);
    time[10] = 'T';
    if (const auto value = at < fields.size() ? csv_number(fields[at]) : std::nullopt)
      out[ledger::from_rfc3339(time)->unix_ms] = *value;
  }
  return out;
}

struct Error {
  double sum = 0, absolute = 0, square = 0, measured = 0;
  int n = 0;
  void add(double model, double truth) {
    sum += model - truth;
    absolute += std::abs(model - truth);
    square += (model - truth) * (model - truth);
    measured += truth;
    ++n;
  }
  double bias() const { return sum / measured; }
  double nmae() const { return absolute / measured; }
  double rmse() const { return std::sqrt(square / n); }
};

}  // namespace

TEST_CASE("PV under measured irradiance gives the measured SERF East power, to a stated error") {
  const std::string sky_file = "serf_east_psm3_data.csv.xz",
                    power_file = "serf_east_15min_ac_power.csv.xz";
  if (!test::has_shared("pv-measured/" + sky_file)) {
    MESSAGE("skipped: ../shared/data/pv-measured is not there");
    return;
  }
  const Series ghi = column(sky_file, "ghi"), clear = column(sky_file, "ghi_clear"),
               temperature = column(sky_file, "temp_air"), power = column(power_file, "ac_power");
  const Pv pv(serf_east);
  Error all, cloudless;
  std::map<std::int64_t, std::pair<double, double>> days;
  for (const auto& [time, measured_w] : power) {
    if (!ghi.contains(time)) continue;
    WeatherSample sky;
    sky.temperature_c = temperature.at(time);
    sky.sun = sun_over(golden, days_since_new_year(time));
    sky.light = split_ghi(ghi.at(time), sky.sun);
    const PvStep did = pv.step({&sky, 1});
    const double model_w = did.fed_in_w - did.standby_w;
    all.add(model_w, measured_w);
    auto& day = days[(time - 7 * 3'600'000) / 86'400'000];
    day.first += model_w;
    day.second += measured_w;
    bool clear_around = ghi.at(time) > 0;  // for an hour before and after
    for (int k = -4; k <= 4; ++k) {
      const auto near = ghi.find(time + k * 900'000);
      clear_around = clear_around && near != ghi.end() && near->second == clear.at(near->first);
    }
    if (clear_around) cloudless.add(model_w, measured_w);
  }
  Error daily;
  for (const auto& [day, sums] : days) daily.add(sums.first, sums.second);
  MESSAGE("quarter-hours: bias " << all.bias() << ", MAE " << all.nmae() << " of the mean, RMSE "
                                 << all.rmse() << " W; clear sky: " << cloudless.bias() << ", "
                                 << cloudless.nmae() << ", " << cloudless.rmse() << " W; days: MAE "
                                 << daily.nmae());
  CHECK(all.n == 10'000);
  CHECK(std::abs(all.bias()) < 0.03);
  CHECK(all.nmae() < 0.235);
  CHECK(all.rmse() < 580);
  CHECK(cloudless.n > 2000);
  CHECK(std::abs(cloudless.bias()) < 0.035);
  CHECK(cloudless.nmae() < 0.115);
  CHECK(daily.nmae() < 0.085);
}
