#include <cmath>
#include <doctest/doctest.h>

#include "tests/support/process.hpp"
#include "tests/support/replaced.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/scenario/scenario_writer.hpp"
#include "twin/weather/irradiance_reader.hpp"
#include "twin/weather/tmy3_reader.hpp"
#include "twin/weather/weather.hpp"
#include "twin/weather/weather_reader.hpp"
#include "twin/world/world.hpp"

using namespace twin;
using ledger::Instant;

using test::replaced;

namespace {

const std::string header =
    "724940,\"FLAT, SOMEWHERE\",XX,1.0,50.000,10.000,2\n"
    "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),Dry-bulb (C),Wspd (m/s)\n";

std::string two(int n) { return (n < 10 ? "0" : "") + std::to_string(n); }

// A year whose every number tells its hour: light by day, temperature = hour of the year / 1000.
std::string year_text() {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::string out = header;
  int number = 0;
  for (int m = 0; m < 12; ++m)
    for (int d = 1; d <= days[m]; ++d)
      for (int h = 1; h <= 24; ++h, ++number) {
        const int ghi = h >= 9 && h <= 16 ? 100 + 37 * (number % 11) : 0;
        out += two(m + 1) + "/" + two(d) + "/" + std::to_string(1980 + m) + "," + two(h) + ":00," +
               std::to_string(ghi) + "," + std::to_string(ghi / 2) + "," + std::to_string(ghi / 3) +
               "," + std::to_string(number / 1000.0) + ",2.0\n";
      }
  return out;
}

const std::string& year() {
  static const std::string text = year_text();
  return text;
}

std::string error_of(const std::string& text) {
  const auto read = read_tmy3(text, "y.csv");
  return read ? "" : read.error();
}

// The mean of one quantity over an interval: the light is straight between nodes, so the midpoints
// of half-minute pieces, which no node cuts, give it exactly.
double mean_of(const WeatherSeries& series, std::int64_t from_ms, std::int64_t length_ms,
               double Irradiance::*quantity) {
  double sum = 0;
  const std::int64_t pieces = length_ms / 30'000;
  for (std::int64_t i = 0; i < pieces; ++i)
    sum += series.at(from_ms + i * 30'000 + 15'000).light.*quantity;
  return sum / static_cast<double>(pieces);
}

std::int64_t unix_ms(const char* text) { return ledger::from_rfc3339(text)->unix_ms; }

}  // namespace

TEST_CASE("a TMY3 year keeps every hour's energy, without a jump and never below zero") {
  const auto record = read_tmy3(year(), "y.csv");
  REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error()));
  const WeatherSeries series(*record);
  const std::int64_t new_year = unix_ms("2027-01-01T00:00:00+01:00");
  for (std::size_t h = 0; h < 8760; h += h % 7 == 0 ? 1 : 5) {
    CAPTURE(h);
    const std::int64_t from = new_year + static_cast<std::int64_t>(h) * 3'600'000;
    for (const auto quantity :
         {&Irradiance::ghi_w_m2, &Irradiance::dni_w_m2, &Irradiance::dhi_w_m2})
      REQUIRE(std::abs(mean_of(series, from, 3'600'000, quantity) -
                       record->values[h].light.*quantity) < 1e-9 * 1500);
    const double before = series.at(from - 1).light.ghi_w_m2, at = series.at(from).light.ghi_w_m2;
    REQUIRE(std::abs(before - at) < 0.05);  // in a millisecond
    REQUIRE(at >= 0);
  }
}

TEST_CASE("a TMY3 hour ends at its stamp, in the file's own zone") {
  const WeatherSeries series(*read_tmy3(year(), "y.csv"));
  // Temperature is read at the stamp: hour n (from 0) of the year, n / 1000 degrees at its end.
  CHECK(series.at(unix_ms("2026-01-01T01:00:00+01:00")).temperature_c == doctest::Approx(0));
  CHECK(series.at(unix_ms("2026-01-01T02:00:00+01:00")).temperature_c == doctest::Approx(0.001));
  CHECK(series.at(unix_ms("2026-01-01T01:30:00Z")).temperature_c == doctest::Approx(0.0015));
  // Light from 8:00 on: the first lit hour is stamped 9:00.
  CHECK(series.at(unix_ms("2026-06-21T07:50:00+01:00")).light.ghi_w_m2 == 0);
  CHECK(series.at(unix_ms("2026-06-21T08:10:00+01:00")).light.ghi_w_m2 > 0);
  CHECK(series.at(unix_ms("2026-06-21T15:50:00+01:00")).light.ghi_w_m2 > 0);
  CHECK(series.at(unix_ms("2026-06-21T16:10:00+01:00")).light.ghi_w_m2 == 0);
}

TEST_CASE("a typical year repeats, 29 February takes the 28th, and New Year is not a jump") {
  const WeatherSeries series(*read_tmy3(year(), "y.csv"));
  for (const char* clock : {"T09:30:00+01:00", "T13:07:00+01:00", "T20:00:00+01:00"}) {
    const auto at = [&](const std::string& day) {
      return series.at(unix_ms((day + clock).c_str()));
    };
    CHECK(at("2026-05-17").light.ghi_w_m2 == at("2031-05-17").light.ghi_w_m2);
    CHECK(at("2028-02-29").light.ghi_w_m2 == at("2028-02-28").light.ghi_w_m2);
    CHECK(at("2028-02-29").sun.up == at("2026-02-28").sun.up);
    CHECK(at("2028-03-01").temperature_c == at("2026-03-01").temperature_c);
  }
  CHECK(series.at(unix_ms("2027-01-01T00:00:00+01:00")).temperature_c ==
        doctest::Approx(8.759).epsilon(1e-9));
  CHECK(series.at(unix_ms("2027-01-01T00:30:00+01:00")).temperature_c ==
        doctest::Approx(8.759 / 2).epsilon(1e-9));
}

TEST_CASE("what is wrong in a TMY3 file is named with its line") {
  const std::string& y = year();
  CHECK(error_of("").find("y.csv:0: found 0 fields; wants a TMY3 site") == 0);
  CHECK(error_of("1,2,3\n").find("y.csv:1: found 3 fields") == 0);
  CHECK(error_of(replaced(y, "50.000", "95")) ==
        "y.csv:1: latitude: found \"95\"; wants a number -90 to 90");
  CHECK(error_of(replaced(y, ",1.0,", ",x,")) ==
        "y.csv:1: time zone: found \"x\"; wants a number -12 to 14");
  CHECK(error_of(replaced(y, "10.000", "nan")).find("y.csv:1: longitude: found \"nan\"") == 0);
  CHECK(error_of(replaced(y, "GHI (W/m^2)", "GHI")) ==
        "y.csv:2: no column \"GHI (W/m^2)\"; wants the columns' names");
  CHECK(error_of(header).find("y.csv:2: ends after 0 hours; wants the 8760") == 0);
  CHECK(error_of(replaced(y, "01/01/1980,03:00", "01/02/1980,03:00")) ==
        "y.csv:5: date: found \"01/02/1980\"; wants 01/01/YYYY, the hours of a year in order");
  CHECK(error_of(replaced(y, "01/01/1980,03:00", "01/01/1980,3:00")) ==
        "y.csv:5: time: found \"3:00\"; wants 03:00");
  CHECK(error_of(replaced(y, "01/01/1980,02:00,0,", "01/01/1980,02:00,-9900,")) ==
        "y.csv:4: GHI (W/m^2): found \"-9900\"; wants a number 0 to 1500");
  CHECK(error_of(replaced(y, "01/01/1980,02:00,0,0,0,", "01/01/1980,02:00,0,0,0,1e999,")) ==
        "y.csv:4: Dry-bulb (C): found \"1e999\"; wants a number -90 to 60");
  CHECK(error_of(replaced(y, "01/01/1980,02:00,0,0,0,", "01/01/1980,02:00,0\n"))
            .find("y.csv:4: DHI (W/m^2): found \"\"") == 0);
  CHECK(error_of(y.substr(0, y.size() / 2)).find("y.csv:43") == 0);
  CHECK(error_of(y + "12/31/1991,24:00,0,0,0,1,2\n") ==
        "y.csv:8763: found more than the 8760 hours of a year");
  CHECK(error_of(y + "\n\r\n").empty() == false);  // "\r" is a line with an empty field
  CHECK(error_of(y + "\n").empty());
  CHECK(error_of(std::string(1 << 20, ',')).find("y.csv:1: time zone") == 0);
  CHECK(error_of(std::string(1 << 20, '"')).find("y.csv:1: found 1 fields") == 0);
  CHECK(error_of(std::string("\0\0\x7f,\n", 5)).find("y.csv:1:") == 0);
}

namespace {

std::string series_text(int rows, int minutes,
                        const std::string& columns = "time,ghi,temperature") {
  std::string out = columns + "\n";
  const std::int64_t begin = unix_ms("2026-06-21T00:00:00Z");
  for (int i = 0; i < rows; ++i) {
    const std::int64_t t = begin + std::int64_t{i} * minutes * 60'000;
    const double of_day = static_cast<double>((t - begin) % 86'400'000) / 86'400'000;
    const double ghi = std::max(0.0, -900 * std::cos(6.28318 * of_day));
    std::string time = ledger::to_rfc3339({t, 0});
    if (i % 2) time[10] = ' ';
    out += time + "," + std::to_string(ghi) + "," + std::to_string(i % 30) + "\n";
  }
  return out;
}

const Place germany{50, 10};

std::string series_error(const std::string& text) {
  const auto read = read_irradiance(text, "m.csv", germany);
  return read ? "" : read.error();
}

}  // namespace

TEST_CASE(
    "a measured series keeps each interval's energy, is split, and covers its own time only") {
  for (const int minutes : {1, 5, 15, 60}) {
    CAPTURE(minutes);
    const auto record = read_irradiance(series_text(2 * 1440 / minutes, minutes), "m.csv", germany);
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error()));
    const WeatherSeries series(*record);
    const std::int64_t begin = unix_ms("2026-06-21T00:00:00Z");
    for (std::size_t i = 0; i < record->values.size(); i += 3) {
      const Irradiance& v = record->values[i].light;
      const std::int64_t from = begin + static_cast<std::int64_t>(i) * record->interval_ms;
      const double mean = mean_of(series, from, record->interval_ms, &Irradiance::ghi_w_m2);
      REQUIRE(std::abs(mean - v.ghi_w_m2) < 1e-6);
      REQUIRE(v.dhi_w_m2 <= v.ghi_w_m2);
      REQUIRE(v.dni_w_m2 >= 0);
    }
    const auto start = *ledger::from_rfc3339("2026-06-21T02:00:00+02:00");
    CHECK(series.covers(start, ledger::hours(48)).has_value());
    const auto longer = series.covers(start, ledger::hours(49));
    REQUIRE(!longer.has_value());
    CHECK(longer.error() ==
          "m.csv: tells of 2026-06-21T02:00:00+02:00 to 2026-06-23T02:00:00+02:00; the scenario "
          "wants 2026-06-21T02:00:00+02:00 to 2026-06-23T03:00:00+02:00");
    // Days before are the first one.
    CHECK(series.at(begin - 86'400'000 * 3 + 40'000'000).light.ghi_w_m2 ==
          series.at(begin + 40'000'000).light.ghi_w_m2);
    CHECK(std::isfinite(series.at(begin + 86'400'000 * 9).temperature_c));
  }
}

TEST_CASE("what is wrong in a measured series is named with its line") {
  const std::string good = series_text(96, 15);
  CHECK(series_error(good).empty());
  CHECK(series_error("").find("m.csv:0: wants the columns") == 0);
  CHECK(series_error("time,dni\n").find("m.csv:1: wants the columns") == 0);
  CHECK(series_error("ghi,time\n").find("m.csv:1: wants the columns") == 0);
  CHECK(series_error("time,ghi,ghi\n") == "m.csv:1: column \"ghi\" twice");
  CHECK(series_error("time,ghi\n2026-06-21T00:00:00Z,5\n").find("m.csv:2: ends after 1 rows") == 0);
  CHECK(series_error("time,ghi\nnoon,5\n").find("m.csv:2: time: found \"noon\"; wants a time") ==
        0);
  CHECK(series_error("time,ghi\n2026-06-21T00:00:00Z,-5\n") ==
        "m.csv:2: ghi: found \"-5\"; wants a number 0 to 2000");
  CHECK(series_error("time,ghi\n2026-06-21T00:00:00Z\n").find("m.csv:2: ghi: found \"\"") == 0);
  CHECK(
      series_error("time,ghi\n2026-06-21T00:00:00Z,1\n2026-06-21T00:07:00Z,1\n")
          .find(
              "m.csv:3: time: found \"2026-06-21T00:07:00Z\"; wants the first time and 1 to 60") ==
      0);
  CHECK(series_error("time,ghi\n2026-06-21T01:00:00Z,1\n2026-06-21T00:00:00Z,1\n")
            .find("m.csv:3: time") == 0);
  CHECK(series_error(replaced(good, "2026-06-21T03:00:00Z", "2026-06-21T03:01:00Z")) ==
        "m.csv:14: time: found \"2026-06-21T03:01:00Z\"; wants 2026-06-21T03:00:00Z, one interval "
        "on");
  CHECK(series_error(series_text(95, 15))
            .find("m.csv:96: ends after 95 rows; wants at least a day") == 0);
}

TEST_CASE("a weather file that is not there, or is too large, is refused by name") {
  const LoadFile none = [](const std::string& path) {
    return tl::expected<std::string, std::string>(tl::unexpect, path + ": cannot be read");
  };
  CHECK(read_weather("a.csv", germany, none).error() == "a.csv: cannot be read");
  const LoadFile large = [](const std::string&) {
    return tl::expected<std::string, std::string>(std::string((64u << 20) + 1, 'x'));
  };
  CHECK(read_weather("a.csv", germany, large).error() == "a.csv: larger than 64 MiB");
}

TEST_CASE("a scenario's weather file drives its world, and the resolved scenario reads back") {
  const std::string text =
      "name = \"file\"\nseed = 2\n[time]\nstart = \"2028-02-29T00:00:00+01:00\"\n[grid.generator]\n"
      "homes = 1\nbranches = 1\n[ledger]\ngateways = 1\n[weather]\nfile = \"y.csv\"\n"
      "[[population]]\ncount = 1\npv = { peak_kw = 5 }\n";
  const LoadFile load = [](const std::string& path) {
    return path == "y.csv" ? tl::expected<std::string, std::string>(year())
                           : tl::expected<std::string, std::string>(tl::unexpect, "none");
  };
  const auto file = read_scenario(text, "s.toml", {});
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error()));
  const auto network = make_network(file->grid(), file->seed(), load);
  const Scenario s = *file->expand(*network);
  const std::string resolved = write_scenario(s, *network);
  const auto again = read_scenario(resolved, "r.toml", {});
  REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error()));
  CHECK(write_scenario(*again->expand(*network), *network) == resolved);
  const auto world = std::move(*World::create(s, load));
  double before_eight = 0, after = 0;
  while (world->now() < Instant{} + ledger::hours(24)) {
    const bool early = world->now() < Instant{} + ledger::hours(8);
    world->step();
    (early ? before_eight : after) += world->homes()[0].pv_w;
  }
  CHECK(before_eight == 0);  // the file's light begins at 8:00
  CHECK(after > 0);
  CHECK(world->history_wh(0).size() == 7 * 96);
  const auto none = World::create(s, [](const std::string&) {
    return tl::expected<std::string, std::string>(tl::unexpect, "y.csv: cannot be read");
  });
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error() == "y.csv: cannot be read");
}

TEST_CASE("published TMY3 years are read, keep their energy, and move a roof") {
  for (const char* name : {"CA-San_Francisco_Intl_Ap", "TX-Austin_Mueller_Municipal_Ap_Ut",
                           "VT-Burlington_International_Ap"}) {
    const std::string path = "weather-tmy3/" + std::string(name) + ".tmy3.csv.xz";
    if (!test::has_shared(path)) {
      MESSAGE("skipped: ../shared/data/" << path << " is not there");
      return;
    }
    test::Process xz({"xz", "-dc", test::shared_path(path)});
    REQUIRE(xz.finish() == 0);
    const auto record = read_tmy3(xz.output, name);
    REQUIRE_MESSAGE(record.has_value(), (record ? "" : record.error()));
    const WeatherSeries series(*record);
    const auto zone = std::int64_t{record->zone_minutes} * 60'000;
    double file_kwh = 0, series_kwh = 0, dark = 0, most = 0;
    for (std::size_t h = 0; h < 8760; ++h) {
      const std::int64_t from =
          unix_ms("2026-01-01T00:00:00Z") - zone + static_cast<std::int64_t>(h) * 3'600'000;
      const double mean = mean_of(series, from, 3'600'000, &Irradiance::ghi_w_m2);
      file_kwh += record->values[h].light.ghi_w_m2 / 1000;
      series_kwh += mean / 1000;
      REQUIRE(std::abs(mean - record->values[h].light.ghi_w_m2) < 1e-6);
      for (int m = 2; m < 60; m += 5) {
        const WeatherPoint p = series.at(from + m * 60'000);
        most = std::max(most, p.light.ghi_w_m2);
        if (p.sun.up < 0) dark += p.light.ghi_w_m2 / 12'000;
      }
    }
    CHECK(series_kwh == doctest::Approx(file_kwh).epsilon(1e-9));
    CHECK(most < 1250);
    CHECK(dark < 1e-3 * file_kwh);  // the sun and the file agree on day and night
    MESSAGE(std::string(name) << ": " << file_kwh << " kWh/m2 a year, " << dark
                              << " of it below our horizon");
  }
}
