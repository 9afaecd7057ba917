#include <cmath>
#include <doctest/doctest.h>
#include <functional>
#include <string>

#include "ai/alerts.hpp"

using namespace ai;
using namespace ledger;

namespace {

constexpr AlertLimits limits{100'000, 207, 253};

// Feeds a meter with a reading every 5 seconds and collects what changes.
class Watch {
 public:
  explicit Watch(bool feeder) : alerts_(3, feeder, limits) {}

  void feed(Duration span, const std::function<double(double)>& power_w,
            const std::function<double(double)>& voltage_v) {
    const Instant end = now_ + span;
    while (now_ < end) {
      now_ = now_ + seconds(5);
      const double minute = now_.since_epoch().seconds() / 60;
      take(alerts_.reading(now_, std::llround(power_w(minute)), voltage_v(minute)));
    }
  }
  void power(Duration span, const std::function<double(double)>& power_w) {
    feed(span, power_w, [](double) { return 230.0; });
  }
  void voltage(Duration span, double volts) {
    feed(
        span, [](double) { return 0.0; }, [=](double) { return volts; });
  }
  void skip(Duration span) { now_ = now_ + span; }
  void interval_ended() { take(alerts_.interval_ended(now_)); }

  std::size_t raised(AlertKind kind) const { return count(kind, false); }
  std::size_t cleared(AlertKind kind) const { return count(kind, true); }
  const std::vector<AlertChange>& changes() const { return changes_; }

 private:
  void take(std::vector<AlertChange> more) {
    for (AlertChange& c : more) changes_.push_back(std::move(c));
  }
  std::size_t count(AlertKind kind, bool is_cleared) const {
    std::size_t n = 0;
    for (const AlertChange& c : changes_)
      n += c.alert.kind == kind && c.cleared == is_cleared ? 1 : 0;
    return n;
  }
  MeterAlerts alerts_;
  Instant now_;
  std::vector<AlertChange> changes_;
};

constexpr auto overload = AlertKind::transformer_overload;
constexpr auto band = AlertKind::voltage_band;
constexpr auto silent = AlertKind::silent_meter;

double wave(double minute) { return 88'000 + 3'000 * std::sin(minute); }

}  // namespace

TEST_CASE("overload: a steady rise is announced before the rating is reached") {
  Watch w(true);
  w.power(hours(1), [](double m) { return 20'000 + 2'000 * m; });  // 100 kW at minute 40
  REQUIRE(w.raised(overload) == 1);
  CHECK(w.cleared(overload) == 0);
  const Alert& a = w.changes()[0].alert;
  CHECK(a.meter == 3);
  CHECK(a.limit == 100'000);
  CHECK(a.value >= a.limit);
  const double minute = a.since.since_epoch().seconds() / 60;
  CHECK(minute < 27);  // 13 minutes and more ahead
  CHECK(minute > 24);  // and no more than the 15 that it looks ahead
  CHECK(minute + a.lead_minutes == doctest::Approx(40).epsilon(0.03));
  CHECK(a.words.find(" kW and may reach its rating in ") != std::string::npos);
  CHECK(a.words.find("minutes") != std::string::npos);
}

TEST_CASE("overload: a jump above the rating says that it is there") {
  Watch w(true);
  w.power(minutes(40), [](double) { return 120'000; });
  REQUIRE(w.raised(overload) == 1);
  CHECK(w.changes()[0].alert.lead_minutes == 0);
  CHECK(w.changes()[0].alert.words ==
        "The transformer carries 120.0 kW, at or above its rating of 100.0 kW.");
}

TEST_CASE("overload: flow back to the grid loads the transformer as well") {
  Watch w(true);
  w.power(hours(1), [](double m) { return -20'000 - 2'000 * m; });
  REQUIRE(w.raised(overload) == 1);
  CHECK(w.changes()[0].alert.lead_minutes == doctest::Approx(14).epsilon(0.1));
}

TEST_CASE("overload: silent below the rating, on a falling load, and for a home's meter") {
  Watch high(true), falling(true), home(false), slow(true);
  high.power(hours(6), wave);
  CHECK(high.changes().empty());
  falling.power(hours(1), [](double m) { return 99'000 - 1'000 * m; });
  CHECK(falling.changes().empty());
  home.power(hours(1), [](double) { return 500'000; });
  CHECK(home.changes().empty());
  slow.power(hours(1), [](double m) { return 50'000 + 400 * m; });  // 80 kW 15 minutes after
  CHECK(slow.changes().empty());
}

TEST_CASE("overload: too short a history is no trend, and neither is one with a gap in it") {
  Watch w(true);
  w.power(minutes(14), [](double) { return 150'000; });
  CHECK(w.changes().empty());
  w.skip(hours(2));
  w.power(minutes(14), [](double) { return 150'000; });
  CHECK(w.changes().empty());
  w.power(minutes(3), [](double) { return 150'000; });
  CHECK(w.raised(overload) == 1);
}

TEST_CASE("overload: one trouble is one alert; it clears below 95 % and can come again") {
  Watch w(true);
  w.power(minutes(30), [](double) { return 110'000; });
  w.power(minutes(60), [](double) { return 97'000; });
  CHECK(w.raised(overload) == 1);
  CHECK(w.cleared(overload) == 0);  // between 95 % and the rating
  w.power(minutes(60), [](double) { return 80'000; });
  CHECK(w.cleared(overload) == 1);
  w.power(minutes(60), [](double) { return 110'000; });
  CHECK(w.raised(overload) == 2);
}

TEST_CASE("voltage: the ten-minute mean leaves the band on either side") {
  for (const double volts : {206.9, 253.1, 120.0, 300.0}) {
    CAPTURE(volts);
    Watch w(false);
    w.voltage(minutes(10), volts);
    CHECK(w.changes().empty());  // the ten minutes are not over
    w.voltage(minutes(30), volts);
    REQUIRE(w.raised(band) == 1);
    const Alert& a = w.changes()[0].alert;
    CHECK(a.value == doctest::Approx(volts));
    CHECK(a.limit == (volts < 230 ? 207 : 253));
    CHECK(a.since == Instant{} + minutes(10));
    CHECK(a.words.find(" V, ") != std::string::npos);
    w.voltage(minutes(20), 230);
    CHECK(w.cleared(band) == 1);
  }
}

TEST_CASE("voltage: a short dip, the band's edges and a mean within it raise nothing") {
  Watch dip(false), edges(false);
  dip.voltage(minutes(8), 230);
  dip.voltage(minutes(2), 150);  // mean 214 V
  dip.voltage(minutes(30), 230);
  CHECK(dip.changes().empty());
  edges.voltage(minutes(20), 207);
  edges.voltage(minutes(20), 253);
  edges.voltage(minutes(10), 230);
  CHECK(edges.changes().empty());
}

TEST_CASE("a silent meter is named once, and heard again") {
  Watch w(false);
  w.voltage(minutes(1), 230);
  w.interval_ended();
  CHECK(w.changes().empty());
  for (int i = 0; i < 3; ++i) {
    w.skip(minutes(1));
    w.interval_ended();
  }
  REQUIRE(w.raised(silent) == 1);
  CHECK(w.changes()[0].alert.since == Instant{} + minutes(2));
  CHECK_FALSE(w.changes()[0].alert.words.empty());
  w.voltage(seconds(5), 230);
  CHECK(w.cleared(silent) == 1);
  w.interval_ended();
  CHECK(w.raised(silent) == 1);
}

TEST_CASE("one reading in an interval is enough not to be silent") {
  Watch w(false);
  for (int i = 0; i < 10; ++i) {
    w.voltage(seconds(5), 230);
    w.skip(seconds(55));
    w.interval_ended();
  }
  CHECK(w.changes().empty());
}

TEST_CASE("each kind has its name") {
  CHECK(name_of(overload) == "transformer_overload");
  CHECK(name_of(band) == "voltage_band");
  CHECK(name_of(silent) == "silent_meter");
}
