#include <cmath>
#include <doctest/doctest.h>
#include <limits>

#include "viz/layout.hpp"
#include "viz/palette.hpp"
#include "viz/report/svg.hpp"
#include "viz/text.hpp"

using namespace viz;

TEST_CASE("axis ticks are round and inside") {
  CHECK(round_ticks(0, 1, 5).values ==
        std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  CHECK(round_ticks(0, 1, 5).decimals == 1);
  CHECK(round_ticks(0.89, 1.11, 5).values.size() == 5);  // 0.90, 0.95, ... 1.10
  CHECK(round_ticks(0.89, 1.11, 5).decimals == 2);
  CHECK(round_ticks(-130, 170, 6).values == std::vector<double>{-100, -50, 0, 50, 100, 150});
  CHECK(round_ticks(-130, 170, 6).decimals == 0);
  CHECK(round_ticks(0, 10, 4).decimals == 1);  // steps of 2.5
  for (const double scale : {1e-9, 3e-3, 7.0, 123456.0, 1e12}) {
    CAPTURE(scale);
    const auto ticks = round_ticks(-0.3 * scale, scale, 5).values;
    CHECK(ticks.size() >= 3);
    CHECK(ticks.size() <= 9);
    CHECK(ticks.front() >= -0.3 * scale - 1e-9 * scale);
    CHECK(ticks.back() <= scale * (1 + 1e-9));
  }
}

TEST_CASE("time ticks are round civil times of the run's own offset") {
  const auto epoch = *ledger::from_rfc3339("2026-06-21T07:20:00+05:30");
  const auto ticks = time_ticks(epoch, {}, ledger::Instant{} + ledger::hours(24), 13);
  CHECK(ticks.size() <= 13);
  REQUIRE(ticks.size() >= 6);
  CHECK(ticks.front().label == "08:00");
  CHECK(ticks[1].label == "10:00");
  int midnights = 0;
  for (const auto& tick : ticks) midnights += tick.midnight;
  CHECK(midnights == 1);

  const auto days = time_ticks(epoch, {}, ledger::Instant{} + ledger::hours(24 * 5), 13);
  CHECK(days.back().time <= ledger::Instant{} + ledger::hours(24 * 5));
  const auto year = time_ticks(epoch, {}, ledger::Instant{} + ledger::hours(24 * 365), 13);
  CHECK(year.size() <= 13);
  CHECK(year.front().label.find(':') == std::string::npos);
  CHECK(time_ticks(epoch, {}, {}, 13).size() <= 1);
}

TEST_CASE("text is escaped for XML") {
  CHECK(escape("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK(escape("Zürich €") == "Zürich €");
  CHECK(escape(std::string_view("a\0b", 3)) == "a\uFFFDb");
  CHECK(escape("\x1b[31m") == "\uFFFD[31m");
  CHECK(escape("\xc0\xaf") == "\uFFFD\uFFFD");                          // overlong
  CHECK(escape("\xed\xa0\x80").find('\xed') == std::string::npos);      // surrogate
  CHECK(escape("\xf4\x90\x80\x80").find('\xf4') == std::string::npos);  // above U+10FFFF
  CHECK(escape("\xe2\x82") == "\uFFFD\uFFFD");                          // cut short
  CHECK(escape("\uFFFE") == "\uFFFD");
}

TEST_CASE("coordinates and figures are short and never wrong numbers") {
  CHECK(coordinate(12.5) == "12.5");
  CHECK(coordinate(-0.001) == "0");
  CHECK(coordinate(100) == "100");
  CHECK(coordinate(std::numeric_limits<double>::quiet_NaN()) == "0");
  CHECK(number_text(1234567.89, 1) == "1\u202f234\u202f567.9");
  CHECK(number_text(-0.04, 1) == "0.0");
  CHECK(number_text(-12.34, 1) == "−12.3");
  CHECK(number_text(999, 0) == "999");
  CHECK(number_text(std::numeric_limits<double>::infinity()) == "–");
  CHECK(figure_text(0) == "0");
  CHECK(figure_text(0.01234) == "0.0123");
  CHECK(figure_text(12.34) == "12.3");
  CHECK(figure_text(12345) == "12\u202f345");
  CHECK(span_text(ledger::minutes(90)) == "1 h 30 min");
  CHECK(span_text(ledger::hours(24)) == "24 h");
  CHECK(span_text(ledger::hours(72)) == "3 days");
}

TEST_CASE("voltage colours diverge about nominal, loading colours mark an overload") {
  CHECK(voltage_colour(1.0, 0.1) == voltage_colour(1.0, 0.02));
  CHECK(voltage_colour(0.8, 0.1) == voltage_colour(0.9, 0.1));
  CHECK(voltage_colour(0.9, 0.1).b > voltage_colour(0.9, 0.1).r);
  CHECK(voltage_colour(1.1, 0.1).r > voltage_colour(1.1, 0.1).b);
  CHECK(loading_colour(0.999) != loading_colour(1.0));
  CHECK(loading_colour(-1) == loading_colour(0));
  CHECK(voltage_extent(0.03) == 0.05);
  CHECK(voltage_extent(0.5) == 0.10);
  CHECK(css({0, 171, 255}) == "#00abff");
}

TEST_CASE("a feeder without coordinates is laid out as a tree") {
  twin::RunDescription run;
  run.buses.resize(6);
  run.branches = {{twin::BranchKind::line, "", 1, 2, 0},
                  {twin::BranchKind::line, "", 1, 3, 0},
                  {twin::BranchKind::line, "", 3, 2, 0},  // a ring does not loop for ever
                  {twin::BranchKind::line, "", 4, 4, 0},
                  {twin::BranchKind::transformer, "", 0, 1, 0}};
  const auto at = bus_positions(run);
  REQUIRE(at.size() == 6);
  CHECK(at[0].x == 0);
  CHECK(at[1].x == 1);
  for (std::size_t a = 0; a < at.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) CHECK((at[a].x != at[b].x || at[a].y != at[b].y));
  CHECK(bus_positions({}).empty());
}

TEST_CASE("a bus without coordinates stands beside a neighbour that has them") {
  twin::RunDescription run;
  run.buses = {{"source", 0, 0, 0},      {"mv", 0, 0, 0},          {"a", 390000, 392000, 0},
               {"b", 390100, 392040, 0}, {"c", 390050, 392090, 0}, {"island", 0, 0, 0}};
  run.branches = {{twin::BranchKind::line, "", 0, 1, 0},
                  {twin::BranchKind::transformer, "", 1, 2, 0},
                  {twin::BranchKind::line, "", 2, 3, 0},
                  {twin::BranchKind::line, "", 3, 4, 0}};
  const auto at = bus_positions(run);
  CHECK(at[3].x == 390100);
  CHECK(distance(at[1], at[2]) == doctest::Approx(5));
  CHECK(distance(at[0], at[2]) == doctest::Approx(10));
  CHECK(at[5].x == 390000);  // connected to nothing
  for (auto& bus : run.buses) bus.x_m -= bus.x_m > 0 ? 390050 : 0;
  for (auto& bus : run.buses) bus.y_m -= bus.y_m > 0 ? 392040 : 0;
  CHECK(bus_positions(run)[1].x == 0);  // an origin among the others is a place like any
}

TEST_CASE("points are fitted with one scale and y turned downwards") {
  const Fit fit({{0, 0}, {10, 5}}, {0, 0}, {100, 100});
  CHECK(fit.scale() == 10);
  CHECK(fit({0, 0}).y == 75);
  CHECK(fit({10, 5}).x == 100);
  CHECK(fit({10, 5}).y == 25);
  const Fit one({{3, 3}}, {0, 0}, {100, 100});
  CHECK(one({3, 3}).x == 50);
}
