#include <doctest/doctest.h>

#include "ledger/oracle/minute.hpp"
#include "ledger/oracle/rules.hpp"

using namespace ledger;

namespace {

constexpr std::int64_t interval_ms = 5000;

Reading reading(std::uint32_t sequence, std::int64_t imported, std::int64_t exported,
                std::int32_t power_w = 0) {
  return {sequence, sequence * interval_ms, {imported}, {exported}, power_w, 230};
}

MeterLimits limits() {
  MeterLimits l;
  l.max_power_w = 43'500;
  l.interval_ms = interval_ms;
  return l;
}

Verdict judged(MeterOracle& oracle, const Reading& r) { return oracle.judge(r, r.time_ms); }

}  // namespace

TEST_CASE("each rule of a single reading holds at its threshold and not beyond it") {
  struct Case {
    Reading second;
    std::int64_t late_ms;
    Verdict verdict;
  };
  const auto with = [](std::int32_t power_w, std::uint8_t voltage_v) {
    Reading r = reading(2, 1'000, 500, power_w);
    r.voltage_v = voltage_v;
    return r;
  };
  Reading same_time = reading(2, 1'000, 500), later = same_time;
  same_time.time_ms = reading(1, 0, 0).time_ms;
  later.time_ms = same_time.time_ms + 1;
  const Case cases[] = {
      {reading(2, 1'000, 500), 0, 0},
      {reading(2, 1'000, 500), 2'000, 0},
      {reading(2, 1'000, 500), 2'001, bit(Rule::time_informative)},
      {reading(2, 1'000, 500), -2'001, bit(Rule::time_informative)},
      {reading(2, 1'000, 500), 9'000, bit(Rule::time_informative)},
      {reading(2, 1'000, 500), 9'001, bit(Rule::time_apart)},
      {reading(2, 1'000, 500), -9'001, bit(Rule::time_apart)},
      {same_time, 0, bit(Rule::time_backwards)},
      {later, 0, 0},
      {with(43'500, 230), 0, 0},
      {with(-43'500, 230), 0, 0},
      {with(43'501, 230), 0, bit(Rule::power_range)},
      {with(-43'501, 230), 0, bit(Rule::power_range)},
      {with(0, 207), 0, 0},
      {with(0, 253), 0, 0},
      {with(0, 206), 0, bit(Rule::voltage_range)},
      {with(0, 254), 0, bit(Rule::voltage_range)},
      {reading(2, 999, 500), 0, bit(Rule::counter_fell)},
      {reading(2, 1'000, 499), 0, bit(Rule::counter_fell)},
      {reading(3, 1'000, 500), 0, bit(Rule::sequence_gap)},
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    MeterOracle oracle(limits());
    REQUIRE(judged(oracle, reading(1, 1'000, 500)) == 0);
    CHECK(oracle.judge(c.second, c.second.time_ms + c.late_ms) == c.verdict);
    CHECK(oracle.last() == c.second);  // flagged or quarantined, it is what the next is held to
  }
}

TEST_CASE("a reading that was there already, or an older one, moves nothing") {
  MeterOracle oracle(limits());
  judged(oracle, reading(7, 1'000, 500));
  for (const std::uint32_t sequence : {7u, 6u, 0u}) {
    CHECK(judged(oracle, reading(sequence, 9'000, 9'000)) == bit(Rule::sequence_stale));
    CHECK(oracle.last() == reading(7, 1'000, 500));
  }
}

TEST_CASE("what a window counts differs from its power by 2 % or two steps at most") {
  // Twelve steps of 5 s at 36 kW are 600 Wh; 2 % of them are 12 Wh. Two steps of 1 W are 32 mWh.
  const auto holds = [](std::int32_t power_w, std::int64_t counted_mwh) {
    MeterOracle oracle(limits());
    judged(oracle, reading(1, 50'000'000, 0));
    oracle.judge_window();
    for (std::uint32_t i = 2; i <= 13; ++i)
      judged(oracle, reading(i, 50'000'000 + counted_mwh * (i - 1) / 12, 0, power_w));
    return oracle.judge_window() == 0;
  };
  for (const std::int64_t sign : {-1, 1}) {
    CHECK(holds(36'000, 600'000 + sign * 12'000));
    CHECK_FALSE(holds(36'000, 600'000 + sign * 12'001));
  }
  CHECK(holds(0, 32));
  CHECK_FALSE(holds(0, 33));
}

TEST_CASE("a register begins anew at its declared modulus only") {
  for (const std::int64_t modulus : {999'999'900'000, std::int64_t{1} << 32}) {
    MeterLimits l = limits();
    l.modulus = {modulus};
    MeterOracle oracle(l);
    CHECK(judged(oracle, reading(1, modulus - 2'000, 5, 720)) == 0);
    CHECK(judged(oracle, reading(2, modulus - 1'000, 5, 720)) == 0);
    CHECK(judged(oracle, reading(3, 0, 5, 720)) == bit(Rule::rollover));
    CHECK(judged(oracle, reading(4, 1'000, 5, 720)) == 0);
    CHECK(oracle.judge_window() == 0);  // the energy counts on
    CHECK(judged(oracle, reading(5, 900, 5, 720)) == bit(Rule::counter_fell));
    MeterOracle undeclared(limits());
    judged(undeclared, reading(1, modulus - 1'000, 5, 720));
    CHECK(judged(undeclared, reading(2, 0, 5, 720)) == bit(Rule::counter_fell));
  }
  CHECK(register_rise({100}, {100}, {}) == MilliWattHours{0});
  CHECK(register_rise({600}, {99}, {1000}) == MilliWattHours{499});
  CHECK(!register_rise({600}, {100}, {1000}));  // half the modulus: as well a fall
  CHECK(!register_rise({600}, {0}, {}));
}

TEST_CASE("a window that a rollover falls into is held to its power all the same") {
  MeterLimits l = limits();
  l.modulus = {1'000'000};
  for (const std::int64_t rise : {1'000, 500, 4'000}) {
    MeterOracle oracle(l);
    judged(oracle, reading(1, 999'500, 0, 720));
    oracle.judge_window();
    judged(oracle, reading(2, rise - 500, 0, 720));
    CHECK((oracle.judge_window() != 0) == (rise != 1'000));
  }
}

TEST_CASE("nobody exports more than what stands behind the meter, and at night only storage") {
  Nights nights;
  nights.epoch_unix_ms = 1'750'000'000'000;  // 2025-06-15 15:06:40 UTC
  nights.month[5] = {15 * 60 + 7, 16 * 60};
  MeterLimits l = limits();
  l.max_export_w = allowed_export_w(5'000 + 3'000);
  l.max_night_export_w = allowed_export_w(3'000);
  l.nights = &nights;
  CHECK(l.max_export_w == 9'200);
  CHECK(l.max_night_export_w == 3'450);
  MeterOracle oracle(l);
  CHECK(judged(oracle, reading(1, 0, 0, -9'200)) == 0);
  CHECK(judged(oracle, reading(2, 0, 0, -9'201)) == bit(Rule::device_export));
  CHECK(judged(oracle, reading(3, 0, 0, -3'451)) == 0);  // 15 s: still light
  CHECK(judged(oracle, reading(4, 0, 0, -3'451)) == bit(Rule::device_export));
  CHECK(judged(oracle, reading(5, 0, 0, -3'450)) == 0);
  CHECK(allowed_export_w(0) == 50);
  CHECK(allowed_export_w(INT64_C(3'000'000'000)) == INT32_MAX);
}

TEST_CASE("a night may go over midnight, last all day, or not be at all") {
  Nights n;  // its epoch is 1970-01-01
  constexpr std::int64_t minute_ms = 60'000;
  n.month[0] = {17 * 60, 7 * 60};
  CHECK(n.dark_at(0));
  CHECK(n.dark_at(7 * 60 * minute_ms - 1));
  CHECK(!n.dark_at(7 * 60 * minute_ms));
  CHECK(!n.dark_at(17 * 60 * minute_ms - 1));
  CHECK(n.dark_at(17 * 60 * minute_ms));
  n.month[0] = {0, 1440};
  CHECK(n.dark_at(12 * 60 * minute_ms));
  n.month[0] = {};
  CHECK(!n.dark_at(0));
  CHECK(!n.dark_at(40 * 1440 * minute_ms));  // February
}

TEST_CASE("a spike is far from the minute before, a kettle is none") {
  const auto spiked = [](std::vector<std::int32_t> before, std::vector<std::int32_t> now) {
    MeterOracle oracle(limits());
    CHECK(oracle.judge_spikes(before) == 0);
    return oracle.judge_spikes(now) == bit(Rule::spike);
  };
  const std::vector<std::int32_t> calm(12, 300);
  CHECK(!spiked(calm, {2'300}));
  CHECK(!spiked(calm, {300 + 6 * 435}));
  CHECK(spiked(calm, {300 + 6 * 435 + 1}));
  CHECK(spiked(calm, {300, -3'000, 300}));
  CHECK(!spiked({0, 5'000, 10'000}, {35'000}));  // who varies much may vary much
  CHECK(spiked({0, 5'000, 10'000}, {5'000 + 44'478 + 1}));
  MeterOracle fresh(limits());
  CHECK(fresh.judge_spikes({}) == 0);
  CHECK(!fresh.usual());
  MeterOracle resumed(limits(), std::nullopt, UsualPower{300, 0});
  CHECK(resumed.judge_spikes(std::vector<std::int32_t>{9'000}) == bit(Rule::spike));
}
