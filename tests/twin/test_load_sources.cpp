// Loads that follow files: standard load profiles in BDEW's layout and series in CSV, read from
// hostile text, and what a home makes of them.

#include <cmath>
#include <doctest/doctest.h>
#include <map>

#include "tests/support/replaced.hpp"
#include "tests/support/shared_data.hpp"
#include "twin/device/h25_table.hpp"
#include "twin/device/load_profile_reader.hpp"
#include "twin/scenario/scenario_reader.hpp"
#include "twin/scenario/scenario_writer.hpp"
#include "twin/weather/weather.hpp"
#include "twin/world/home.hpp"
#include "twin/world/load_sources.hpp"
#include "twin/world/world.hpp"

using namespace twin;
using ledger::Duration;
using ledger::Instant;
using ledger::Rng;

using test::replaced;

namespace {

const ledger::CivilTime new_year = *ledger::from_rfc3339("2026-01-01T00:00:00+01:00");
constexpr const char* german[] = {"Januar",    "Februar", "M\xc3\xa4rz", "April",
                                  "Mai",       "Juni",    "Juli",        "August",
                                  "September", "Oktober", "November",    "Dezember"};

// A table of BDEW's layout: `kwh(month, type, quarter)`.
template <class Kwh>
std::string table_of(Kwh&& kwh) {
  std::string months, types = "[kWh]", rows;
  for (const char* m : german)
    for (const char* d : {"SA", "FT", "WT"})
      months += std::string(",") + m, types += std::string(",") + d;
  for (int q = 0; q < 96; ++q) {
    char name[16];
    std::snprintf(name, sizeof name, "%02d:%02d-%02d:%02d", q / 4, q % 4 * 15, (q + 1) / 4 % 24,
                  (q + 1) % 4 * 15);
    rows += name;
    for (int m = 0; m < 12; ++m)
      for (int d = 0; d < 3; ++d) rows += "," + std::to_string(kwh(m, d, q));
    rows += "\n";
  }
  return months + "\n" + types + "\n" + rows;
}

std::string plain_table() {
  return table_of([](int m, int d, int q) { return m * 100 + d * 10 + q % 4 + 1; });
}

std::string profile_error(const std::string& text) {
  const auto profile = read_standard_profile(text, "p.csv");
  return profile ? "accepted" : profile.error();
}

std::string series_error(const std::string& text, std::optional<Duration> step = {}) {
  const auto series = read_load_series(text, "s.csv", step);
  return series ? "accepted" : series.error();
}

LoadFile files(std::map<std::string, std::string> all) {
  return [all = std::move(all)](const std::string& path) -> ledger::Result<std::string> {
    const auto at = all.find(path);
    if (at == all.end()) return ledger::failure(path + ": cannot be read: No such file");
    return at->second;
  };
}

constexpr const char* one_home = R"(
name = "test"
[time]
start = "2026-01-01T10:00:00+01:00"
duration = "2h"
[grid.generator]
homes = 1
branches = 1
[ledger]
gateways = 1
[[prosumer]]
name = "a"
connection = "house-01"
load = { LOAD }
)";

struct Read {
  std::optional<Scenario> scenario;
  std::string error, resolved;
};

Read scenario_of(const std::string& load) {
  Read out;
  const auto file = read_scenario(replaced(one_home, "LOAD", load), "t.toml", {});
  if (!file) return {{}, file.error(), {}};
  auto network = make_network(file->grid(), file->seed(), {});
  REQUIRE(network.has_value());
  network->connections[0].name = "house-01";
  auto scenario = file->expand(*network);
  if (!scenario) return {{}, scenario.error(), {}};
  out.resolved = write_scenario(*scenario, *network);
  out.scenario = std::move(*scenario);
  return out;
}

// The load alone of the home of such a scenario.
struct LoadOnly {
  Scenario scenario;
  std::optional<LoadSources> sources;
  std::optional<Home> home;
  WeatherSample sky;

  LoadOnly(const std::string& load, const LoadFile& open) : scenario(*scenario_of(load).scenario) {
    auto read = LoadSources::read(scenario, open);
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error()));
    sources = std::move(*read);
    home.emplace(scenario.homes[0], Connection{}, sources->view(scenario.homes[0].load),
                 scenario.time.start, sky, Rng(1));
  }
  double power_w(Instant from, Duration span) { return home->step(from, span, {&sky, 1}).load_w; }
  double energy_kwh(Instant from, Duration length, Duration step) {
    double wh = 0;
    for (Instant t = from; t < from + length; t = t + step)
      wh += power_w(t, step) * step.seconds() / 3600;
    return wh / 1000;
  }
};

}  // namespace

TEST_CASE("a table is read column by column, whatever their order") {
  const auto profile = read_standard_profile(plain_table(), "p.csv");
  REQUIRE(profile.has_value());
  CHECK(profile->kwh[0][0][0] == 1);
  CHECK(profile->kwh[2][1][6] == 213);
  CHECK(profile->kwh[11][2][95] == 1124);
  const std::string mixed = replaced(plain_table(), "SA,FT,WT", "WT,SA,FT");
  const auto other = read_standard_profile(mixed, "p.csv");
  REQUIRE(other.has_value());
  CHECK(other->kwh[0][static_cast<int>(DayType::workday)][0] == 1);
  CHECK(other->kwh[0][static_cast<int>(DayType::saturday)][0] == 11);
  std::string windows = "\xef\xbb\xbf";
  for (const char c : plain_table()) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(profile_error(windows + "\r\n\r\n") == "accepted");
}

TEST_CASE("a table with a mistake is refused with its line") {
  const std::string good = plain_table();
  const auto with = [&](const std::string& what, const std::string& by) {
    return profile_error(replaced(good, what, by));
  };
  CHECK(profile_error("") == "p.csv:1: empty");
  CHECK(profile_error(" \r\n") ==
        "p.csv:1: the file ends; wants an empty field and the month of each column");
  CHECK(
      with("Januar", "January").starts_with("p.csv:1: found \"January\"; wants a month in German"));
  CHECK(with(",Dezember\n", "\n").starts_with("p.csv:1: found 36 columns; wants 37"));
  CHECK(with(",Dezember\n", ",Dezember,Dezember\n").starts_with("p.csv:1: found more than 37"));
  CHECK(with("[kWh]", "[kW]") == "p.csv:2: found unit \"[kW]\"; wants \"[kWh]\"");
  CHECK(with("SA", "MO") == "p.csv:2: found day type \"MO\"; wants SA, FT or WT");
  CHECK(with("SA,FT", "SA,SA") == "p.csv:2: month 1 has SA twice; wants each day type once");
  CHECK(with("Februar,Februar", "Februar,Januar").find("twice") != std::string::npos);
  CHECK(with("00:15-00:30", "00:15-00:45") ==
        "p.csv:4: found \"00:15-00:45\"; wants \"00:15-00:30\"");
  CHECK(with("00:00-00:15,1,", "00:00-00:15,-1,") ==
        "p.csv:3: found \"-1\"; wants a number from 0 to 1e9");
  for (const char* bad : {"", "nan", "inf", "1e10", "0x10", "1 2", "1;", "--1", "1e999", "eins"}) {
    CAPTURE(bad);
    CHECK(with("00:00-00:15,1,", std::string("00:00-00:15,") + bad + ",").starts_with("p.csv:3: "));
  }
  CHECK(profile_error(good.substr(0, good.find("23:45-00:00"))) ==
        "p.csv:98: the file ends; wants a quarter hour and its energies");
  CHECK(profile_error(good + "more\n") ==
        "p.csv:99: found \"more\"; wants the end after 96 quarters");
  CHECK(profile_error(table_of([](int, int, int) { return 0; })) ==
        "p.csv:98: all values are 0; a profile has energy");
  CHECK(profile_error(std::string(65u << 20, ',')) == "p.csv:1: larger than 64 MiB");
  CHECK(profile_error(std::string(1u << 20, ',')).starts_with("p.csv:1: found more than 37"));
  CHECK(profile_error(replaced(good, "Januar", "\x1b[31m")).find('\x1b') == std::string::npos);
}

TEST_CASE("a series is read with its times, or with the step that the scenario gives") {
  const auto timed = read_load_series(
      "timestamp,watts\n2026-01-01T00:00:00+01:00,100\n2026-01-01T00:15:00+01:00, 200.5\r\n",
      "s.csv", {});
  REQUIRE_MESSAGE(timed.has_value(), (timed ? "" : timed.error()));
  CHECK(timed->values == std::vector<double>{100, 200.5});
  CHECK(timed->step == ledger::minutes(15));
  CHECK(timed->first->unix_ms == new_year.unix_ms);
  const auto seconds = read_load_series("seconds,watts\n60,1\n65,2\n70,3", "s.csv", {});
  REQUIRE(seconds.has_value());
  CHECK(seconds->step == ledger::seconds(5));
  CHECK(seconds->after_midnight == ledger::seconds(60));
  const auto shape = read_load_series(" 0.5 \r\n1\r\n", "s.csv", ledger::hours(1));
  REQUIRE(shape.has_value());
  CHECK(shape->shape);
  CHECK(shape->values.size() == 2);
}

TEST_CASE("a series with a mistake is refused with its line") {
  const std::string header = "timestamp,watts\n", first = "2026-01-01T00:00:00Z,1\n";
  CHECK(series_error("") == "s.csv:1: empty");
  CHECK(series_error("time,kw\n1,2\n") ==
        "s.csv:1: found \"time,kw\"; wants \"timestamp,watts\", \"seconds,watts\", or a number a "
        "line");
  CHECK(series_error("seconds,watts,more\n").starts_with("s.csv:1: found"));
  CHECK(series_error("1\n2\n") ==
        "s.csv:1: values without times; the scenario must give load.step");
  CHECK(series_error(header + first, ledger::hours(1)) ==
        "s.csv:1: the file has times of its own; leave out load.step");
  CHECK(series_error(header) == "s.csv:2: the file ends; wants at least two lines of values");
  CHECK(series_error(header + first) ==
        "s.csv:3: the file ends; wants at least two lines of values");
  CHECK(series_error(header + "2026-01-01 noon,1\n")
            .starts_with("s.csv:2: found \"2026-01-01 noon\""));
  CHECK(series_error(header + "2026-01-01T00:00:00,1\n").starts_with("s.csv:2: found"));
  CHECK(series_error(header + "2026-02-30T00:00:00Z,1\n").starts_with("s.csv:2: found"));
  CHECK(series_error(header + first + first).find("wants rising times") != std::string::npos);
  CHECK(series_error(header + first + "2025-12-31T00:00:00Z,1\n").starts_with("s.csv:3: found"));
  CHECK(series_error(header + first + "2026-01-01T01:00:00Z,1\n2026-01-01T03:00:00Z,1\n") ==
        "s.csv:4: found \"2026-01-01T03:00:00Z\", 7200000 ms after the line before; wants 3600000 "
        "ms as at first");
  CHECK(series_error(header + first + "2026-01-01T01:00:00Z,-5\n") ==
        "s.csv:3: found \"-5\"; wants a number from 0 to 1e9");
  CHECK(series_error(header + first + "2026-01-01T01:00:00Z\n").starts_with("s.csv:3: found"));
  CHECK(series_error(header + first + "2026-01-01T01:00:00Z,1,2\n").starts_with("s.csv:3: found"));
  CHECK(series_error(header + first + "\n" + first).starts_with("s.csv:3: found \"\""));
  for (const char* time : {"-1", "1.5", "", "99999999999", "99999999999999999999", "1h"})
    CHECK(
        series_error(std::string("seconds,watts\n") + time + ",1\n").starts_with("s.csv:2: found"));
  for (const char* value : {"nan", "-1", "inf", "1e400", "1,5", "", "x"})
    CHECK(series_error(std::string("1\n") + value + "\n2\n", ledger::hours(1))
              .starts_with("s.csv:2: "));
  CHECK(series_error("0\n0\n", ledger::hours(1)) ==
        "s.csv:2: all values are 0; a shape has energy");
  CHECK(series_error(header + "0001-01-01T00:00:00Z,1\n9999-01-01T00:00:00Z,1\n")
            .find("at most 100 years") != std::string::npos);
  std::string long_one;
  for (int k = 0; k < 4'000'001; ++k) long_one += "1\n";
  CHECK(series_error(long_one, ledger::seconds(1)) ==
        "s.csv:4000001: found more than 4000000 values");
  CHECK(series_error(long_one.substr(0, 100'000), ledger::hours(24)).find("100 years") !=
        std::string::npos);
}

TEST_CASE("no text whatever does harm to the readers") {
  Rng rng(11);
  const std::string seeds[] = {plain_table(),
                               "timestamp,watts\n2026-01-01T00:00:00Z,1\n2026-01-01T01:00:00Z,2\n",
                               "seconds,watts\n0,1\n5,2\n10,3\n", "1\n2\n3\n"};
  const std::string alphabet = "0129-+.eE,:\n\r TZ[kWh]SAFTWT\xc3\xa4";
  std::size_t refused = 0;
  for (int k = 0; k < 3000; ++k) {
    std::string text = seeds[k % 4].substr(0, k % 4 == 0 && k % 8 ? 3000 : std::string::npos);
    for (std::uint64_t n = rng.below(4) + 1; n > 0; --n) {
      const std::size_t at = rng.below(text.size());
      const char c = rng.chance(0.2) ? static_cast<char>(rng.below(256))
                                     : alphabet[rng.below(alphabet.size())];
      if (rng.chance(0.3))
        text.insert(at, 1, c);
      else if (rng.chance(0.3))
        text.erase(at, 1 + rng.below(5));
      else
        text[at] = c;
      if (text.empty()) text = "1";
    }
    const auto profile = read_standard_profile(text, "x");
    const auto series = read_load_series(
        text, "x", rng.chance(0.5) ? std::optional(ledger::hours(1)) : std::nullopt);
    if (!profile) CHECK(profile.error().starts_with("x:"));
    if (!series) CHECK(series.error().starts_with("x:"));
    refused += !profile && !series;
  }
  CHECK(refused > 1000);
}

TEST_CASE("a bdew load uses its year's energy exactly and follows the table by day type") {
  const std::string text = table_of([](int m, int d, int q) { return 1 + d + m * q % 7; });
  for (const char* name : {"G25", "H25"}) {
    CAPTURE(name);
    const std::string spec =
        std::string("kind = \"bdew\", file = \"t.csv\", annual_kwh = 3000, profile = \"") + name +
        '"';
    const LoadFile open = files({{"t.csv", text}});
    LoadOnly load(spec, open);
    const Instant year = Instant{} - ledger::hours(10);
    CHECK(load.energy_kwh(year, ledger::hours(365 * 24), ledger::hours(1)) ==
          doctest::Approx(3000).epsilon(1e-9));
    const double fine =
        LoadOnly(spec, open).energy_kwh(year, ledger::hours(48), ledger::seconds(5));
    for (const int s : {1, 60, 700, 900, 86'400}) {
      const Duration length = ledger::seconds(s == 700 ? 172'200 : 172'800);
      const double same = s == 700 ? load.energy_kwh(year, length, ledger::seconds(5)) : fine;
      CHECK(load.energy_kwh(year, length, ledger::seconds(s)) ==
            doctest::Approx(same).epsilon(1e-10));
    }
    // 1 January is a holiday, 2 January a workday, 3 January a Saturday.
    const auto at = [&](int day) {
      return load.power_w(year + ledger::hours(24 * day), ledger::minutes(5));
    };
    const auto season = [&](int day) { return *name == 'H' ? dynamisation(day + 1) : 1; };
    CHECK(at(1) / at(0) == doctest::Approx(3.0 / 2 * season(1) / season(0)));
    CHECK(at(2) / at(0) == doctest::Approx(1.0 / 2 * season(2) / season(0)));
  }
}

TEST_CASE("a csv load gives its own watts at its own times, and goes around") {
  LoadOnly timed("kind = \"csv\", file = \"a.csv\"",
                 files({{"a.csv",
                         "timestamp,watts\n2026-01-01T09:30:00+00:00,100\n"
                         "2026-01-01T10:00:00+00:00,300\n2026-01-01T10:30:00Z,800\n"}}));
  const auto at = [](LoadOnly& load, int minute, int span = 1) {
    return load.power_w(Instant{} + ledger::minutes(minute), ledger::minutes(span));
  };
  CHECK(at(timed, 35) == 100);  // the scenario starts at 9:00 UTC
  CHECK(at(timed, 45, 30) == doctest::Approx(200));
  CHECK(at(timed, 110) == 800);
  CHECK(at(timed, 125) == 100);
  CHECK(at(timed, 0) == 800);
  LoadOnly midnight("kind = \"csv\", file = \"b.csv\"",
                    files({{"b.csv", "seconds,watts\n36000,5\n79200,7\n"}}));  // 10:00 and 22:00
  CHECK(at(midnight, 0) == 5);
  CHECK(at(midnight, 719) == 5);
  CHECK(at(midnight, 720) == 7);
  LoadOnly far(
      "kind = \"csv\", file = \"c.csv\"",
      files({{"c.csv", "timestamp,watts\n0001-01-01T09:00:00Z,1\n0001-01-01T10:00:00Z,2\n"}}));
  CHECK(at(far, 0) + at(far, 60) == 3);
}

TEST_CASE("a shape is scaled to the year's energy") {
  LoadOnly load("kind = \"csv\", file = \"s.csv\", step = \"6h\", annual_kwh = 8760",
                files({{"s.csv", "1\n2\n3\n2\n"}}));
  CHECK(load.energy_kwh({}, ledger::hours(240), ledger::minutes(15)) == doctest::Approx(240));
  CHECK(load.power_w(Instant{} + ledger::hours(2), ledger::hours(1)) == doctest::Approx(1500));
}

TEST_CASE("the published tables are read, and H25's hours are the household model's") {
  if (!test::has_shared("bdew-slp/h25.csv")) {
    MESSAGE("skipped: ../shared/data/bdew-slp is missing");
    return;
  }
  for (const char* name : {"h25", "g25", "l25", "p25", "s25"}) {
    const std::string path = test::shared_path(std::string("bdew-slp/") + name + ".csv");
    CHECK(profile_error(*test::read_text(path)) == "accepted");
  }
  const auto h25 =
      read_standard_profile(*test::read_text(test::shared_path("bdew-slp/h25.csv")), "h25.csv");
  REQUIRE(h25.has_value());
  for (std::size_t m = 0; m < 12; ++m)
    for (std::size_t d = 0; d < day_types; ++d)
      for (std::size_t h = 0; h < 24; ++h) {
        double kwh = 0;
        for (std::size_t q = 4 * h; q < 4 * h + 4; ++q) kwh += h25->kwh[m][d][q];
        CHECK(h25_table_kwh(static_cast<int>(m + 1), static_cast<DayType>(d),
                            static_cast<int>(h)) == doctest::Approx(kwh).epsilon(1e-9));
      }
  for (const auto& [name, step] : {std::pair{"LoadShape1.CSV", ledger::hours(1)},
                                   {"1-day-1-s-Solar-2.csv", ledger::seconds(2)}}) {
    const std::string path = std::string("loadshapes/") + name;
    if (!test::has_shared(path)) continue;
    CHECK(series_error(*test::read_text(test::shared_path(path)), step) == "accepted");
  }
}

TEST_CASE("load kinds in a scenario: read, written out and read back, or refused by name") {
  for (const char* load :
       {"kind = \"bdew\", file = \"a b.csv\", annual_kwh = 3000",
        "kind = \"bdew\", file = \"x.csv\", profile = \"L25\", annual_kwh = [2000, 3000]",
        "kind = \"csv\", file = \"x.csv\"", "kind = \"csv\", file = \"x.csv\", step = \"90s\"",
        "kind = \"household\""}) {
    CAPTURE(load);
    const Read first = scenario_of(load);
    REQUIRE_MESSAGE(first.scenario.has_value(), first.error);
    const auto again = read_scenario(first.resolved, "resolved.toml", {});
    REQUIRE_MESSAGE(again.has_value(), (again ? "" : again.error()));
    auto network = make_network(again->grid(), again->seed(), {});
    network->connections[0].name = "house-01";
    const auto second = again->expand(*network);
    REQUIRE_MESSAGE(second.has_value(), (second ? "" : second.error()));
    CHECK(write_scenario(*second, *network) == first.resolved);
    CHECK(second->homes[0].load.kind == first.scenario->homes[0].load.kind);
    CHECK(second->homes[0].load.profile == first.scenario->homes[0].load.profile);
  }
  const auto error = [](const char* load) { return scenario_of(load).error; };
  CHECK(error("kind = \"bdew\"").find("load.file: missing; wants the path") != std::string::npos);
  CHECK(error("kind = \"csv\"").find("load.file: missing; wants the path") != std::string::npos);
  CHECK(error("file = \"x.csv\"").find("load.file: is for kinds") != std::string::npos);
  CHECK(error("kind = \"csv\", file = \"x\", profile = \"H25\"").find("load.profile: is for") !=
        std::string::npos);
  CHECK(error("kind = \"bdew\", file = \"x\", profile = \"H0\"").find("allowed: \"H25\"") !=
        std::string::npos);
  CHECK(error("kind = \"bdew\", file = \"x\", step = \"1h\"").find("load.step: is for") !=
        std::string::npos);
  CHECK(error("kind = \"csv\", file = \"x\", step = \"2d\"").find("wants at most 1d") !=
        std::string::npos);
  CHECK(error("kind = \"csv\", file = \"x\", step = \"0s\"").find("above zero") !=
        std::string::npos);
  CHECK(error("kind = \"h25\"").find("allowed: \"household\"") != std::string::npos);
}

TEST_CASE("a world reads its loads' files, names what is wrong, and has their week before") {
  const Read read = scenario_of("kind = \"csv\", file = \"day.csv\"");
  REQUIRE(read.scenario.has_value());
  const auto missing = World::create(*read.scenario, files({}));
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error() ==
        "t.toml:14:31: prosumer.load.file: day.csv: cannot be read: No such file");
  const auto wrong =
      World::create(*read.scenario, files({{"day.csv", "seconds,watts\n0,1\n5,x\n"}}));
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error() ==
        "t.toml:14:31: prosumer.load.file: day.csv:3: found \"x\"; wants a number "
        "from 0 to 1e9");
  const auto world =
      World::create(*read.scenario, files({{"day.csv", "seconds,watts\n0,200\n43200,600\n"}}));
  REQUIRE(world.has_value());
  (*world)->step();
  CHECK((*world)->homes()[0].load_w == doctest::Approx(200));
  const auto history = (*world)->history_wh(0);
  REQUIRE(history.size() == 7 * 96);
  CHECK(history[0] == 50);    // from 10:00 on
  CHECK(history[10] == 150);  // 12:30
}
