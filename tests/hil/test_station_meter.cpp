// What is taken of a station's signed records, and each refusal by its name.

#include <doctest/doctest.h>

#include "hil/station/record_lines.hpp"
#include "hil/station/station_readings.hpp"
#include "tests/hil/station_records.hpp"
#include "tests/support/replaced.hpp"

using namespace hil;
using ledger::MilliWattHours;
using test::record_of;
using test::Said;
using test::second;
using Given = twin::MeterSample::Given;

namespace {

// "" where it is taken.
std::string refusal(StationMeter& meter, const std::string& record, int now) {
  const auto taken = meter.take(record, second(now));
  return taken ? "" : std::string(name_of(taken.error()));
}

std::string refusal(const std::string& record, int now = 5) {
  StationMeter meter = test::station();
  return refusal(meter, record, now);
}

// After a good record at 5 s with 100.010 kWh, which a refused one must not have moved: then a good
// one at 10 s is taken, and rises from there.
std::string refusal_of_second(const Said& said, int now = 10) {
  StationMeter meter = test::station();
  REQUIRE(refusal(meter, record_of(Said{}), 5) == "");
  const std::string out = refusal(meter, record_of(said), now);
  Said good;
  good.second = 10;
  good.value = "100.020";
  if (out != "") CHECK(refusal(meter, record_of(good), 10) == "");
  return out;
}

}  // namespace

TEST_CASE("a signed record moves the register that its code names, to the mWh") {
  StationMeter meter = test::station("4711");
  const auto first = meter.take(record_of(Said{}), second(5));
  REQUIRE(first);
  CHECK(first->time == second(5));
  CHECK(first->import_register == MilliWattHours{100'010'000});
  CHECK(first->export_register == MilliWattHours{0});
  CHECK_FALSE(first->ends);
  Said fed{10, "0.003001", "1-0:2.8.0"};
  fed.transaction = "E";
  const auto out = meter.take(record_of(fed), second(11));
  REQUIRE(out);
  CHECK(out->import_register == MilliWattHours{100'010'000});  // it left it out
  CHECK(out->export_register == MilliWattHours{3'001});
  CHECK(out->ends);
}

TEST_CASE("what is not signed as it came, or not by this key, is refused by name") {
  const std::string good = record_of(Said{});
  CHECK(refusal(good) == "");
  CHECK(refusal(test::replaced(good, "100.010", "100.011")) == "invalid_signature");
  CHECK(refusal(test::replaced(good, "100.010", "100.010 ")) == "invalid_signature");
  CHECK(refusal(test::ocmf_record(test::ocmf_payload, test::ocmf_key(ledger::Curve::secp256r1, 2)),
                591) == "invalid_signature");
  CHECK(refusal(test::ocmf_record(test::ocmf_payload, test::ocmf_key(ledger::Curve::secp256k1))) ==
        "invalid_signature");
  CHECK(refusal("") == "malformed");
  CHECK(refusal("OCMF|{}|{}") == "malformed");
  CHECK(refusal(good.substr(0, good.size() - 4)) == "malformed");
  CHECK(refusal(good + good) == "malformed");
  CHECK(refusal(test::replaced(good, "SHA256", "SHA999")) == "unsupported");
}

TEST_CASE("another meter than the one named, or than before, is refused") {
  StationMeter named = test::station("4712");
  CHECK(refusal(named, record_of(Said{}), 5) == "other_meter");
  Said other{10};
  other.serial = "4712";
  CHECK(refusal_of_second(other) == "other_meter");
  other.serial = "";
  CHECK(refusal_of_second(other) == "other_meter");
}

TEST_CASE("energy that cannot be read, or is none of a meter's totals, is refused") {
  const auto with = [](const char* value, const char* obis, const char* unit) {
    return refusal(record_of(Said{5, value, obis, unit}));
  };
  CHECK(with("100010", "1-0:1.8.0", "Wh") == "");
  CHECK(with("100.010", "1-0:1.8.0", "MWh") == "energy_unreadable");
  CHECK(with("100.010", "1-0:1.8.0", "V") == "energy_unreadable");
  CHECK(with("-1", "1-0:1.8.0", "kWh") == "energy_unreadable");
  CHECK(with("1e2", "1-0:1.8.0", "kWh") == "energy_unreadable");
  CHECK(with("100.0100001", "1-0:1.8.0", "kWh") == "energy_unreadable");
  CHECK(with("100.010", "1-0:1.8.1", "kWh") == "no_register");
  CHECK(with("0.010", "1-0:98.8.0", "kWh") == "no_register");
  CHECK(with("0.010", "1-0:1.8.0*198", "kWh") == "no_register");
  CHECK(with("230", "1-0:32.7.0", "V") == "no_register");
}

TEST_CASE("what the meter itself calls of no use is refused") {
  Said said;
  for (const char* state : {"N", "T", "R", "M", "X", "I", "O", "S", "E", ""}) {
    said.meter_state = state;
    CHECK(refusal(record_of(said)) == "energy_unusable");
  }
  said = {};
  said.flags = "E";
  CHECK(refusal(record_of(said)) == "energy_unusable");
  said = {};
  said.transaction = "X";
  CHECK(refusal(record_of(said)) == "energy_unusable");
  said = {};
  said.flags = "t";
  CHECK(refusal(record_of(said)) == "time_unusable");
  said = {};
  said.state = "U";
  CHECK(refusal(record_of(said)) == "time_unusable");
  for (const char* state : {"S", "I", "R"}) {
    said.state = state;
    CHECK(refusal(record_of(said)) == "");
  }
}

TEST_CASE("times rise and lie near the gateway's") {
  CHECK(refusal_of_second({5, "100.020"}) == "time_not_rising");
  CHECK(refusal_of_second({4, "100.020"}) == "time_not_rising");
  CHECK(refusal_of_second({6, "100.012"}, 15) == "");
  CHECK(refusal_of_second({6, "100.012"}, 16) == "time_apart");
  CHECK(refusal_of_second({19, "100.020"}, 10) == "");
  CHECK(refusal_of_second({20, "100.020"}, 10) == "time_apart");
  CHECK(refusal(record_of({3599}), 5) == "time_apart");
  CHECK(refusal(test::replaced(record_of(Said{}), "2026", "2025")) == "invalid_signature");
  // A record that came already.
  StationMeter meter = test::station();
  CHECK(refusal(meter, record_of(Said{}), 5) == "");
  CHECK(refusal(meter, record_of(Said{}), 6) == "time_not_rising");
}

TEST_CASE("registers do not fall, nor rise by more than the connection lets through") {
  CHECK(refusal_of_second({10, "100.009999"}) == "register_fell");
  CHECK(refusal_of_second({10, "0"}) == "register_fell");
  CHECK(refusal_of_second({10, "100.010"}) == "");
  CHECK(refusal(record_of(Said{5, "99.999999"})) == "register_fell");  // below what is registered
  // 11 kW for 5 s are 15.277 Wh.
  CHECK(refusal_of_second({10, "100.025277"}) == "");
  CHECK(refusal_of_second({10, "100.025278"}) == "beyond_connection");
  CHECK(refusal_of_second({10, "9223372036854"}) == "beyond_connection");
  CHECK(refusal(record_of(Said{5, "4321.000"})) == "beyond_connection");  // registered otherwise
}

TEST_CASE("a record of several readings counts by its last, and must not contradict itself") {
  const auto of = [](const Said& a, const Said& b) {
    return refusal(record_of(a, test::reading_text(a) + "," + test::reading_text(b)), 8);
  };
  const Said begin{3, "100.001"}, end{8, "100.011"};
  CHECK(of(begin, end) == "");
  CHECK(of(begin, {8, "100.000"}) == "register_fell");
  CHECK(of({9, "100.001"}, end) == "time_not_rising");
  Said bad = end;
  bad.meter_state = "T";
  CHECK(of(begin, bad) == "energy_unusable");
  // The last total counts, whatever else stands behind it.
  StationMeter meter = test::station();
  const auto taken =
      meter.take(record_of(begin, test::reading_text(begin) + "," +
                                      test::reading_text({8, "0.010", "1-0:98.8.0"})),
                 second(8));
  REQUIRE(taken);
  CHECK(taken->time == second(3));
}

TEST_CASE("pages between two records that were taken are missing") {
  StationMeter meter = test::station();
  const auto take = [&](int at, const char* page) {
    Said said{at};
    said.page = page;
    REQUIRE(refusal(meter, record_of(said), at) == "");
    return meter.missing();
  };
  CHECK(take(5, "T7") == 0);
  CHECK(take(6, "T8") == 0);
  CHECK(take(7, "T11") == 2);
  CHECK(take(8, "F20") == 2);  // another count
  CHECK(take(9, "T") == 2);
  CHECK(take(10, "T3") == 2);
}

TEST_CASE("between two records nothing is read but what was signed") {
  StationReadings readings(ledger::minutes(1), ledger::seconds(20), {100'000'000}, {});
  const auto at = [&](int s) { return readings.at(second(s), std::nullopt); };
  CHECK(at(5).given == Given::nothing);
  CHECK(at(60).given == Given::nothing);  // nothing was signed: the slot is not marked
  // 60 Wh since the epoch, 65 s ago.
  auto shown = readings.at(second(65), SignedRegisters{second(63), {100'060'000}, {}, false});
  CHECK(shown.given == Given::measured);
  CHECK(shown.import_register == MilliWattHours{100'060'000});
  CHECK(shown.power_w == 3323);
  CHECK(shown.flow_w == doctest::Approx(216'000 / 65.0));
  CHECK(at(70).given == Given::nothing);
  CHECK(at(70).flow_w == doctest::Approx(216'000 / 65.0));
  CHECK(at(80).given == Given::held);      // with what came at 65 s
  CHECK(at(100).given == Given::nothing);  // nothing came since
  shown = at(120);
  CHECK(shown.given == Given::held);
  CHECK(shown.import_register == MilliWattHours{100'060'000});
  CHECK(shown.power_w == 0);
  // What comes behind a held register is counted from the record before: 36 Wh in 60 s.
  shown = readings.at(second(125), SignedRegisters{second(125), {100'060'000}, {36'000}, true});
  CHECK(shown.power_w == -2160);
  CHECK(at(130).flow_w == 0);  // the transaction ended
}

TEST_CASE("lines come out of any pieces, and of one that is too long nothing is kept") {
  RecordLines lines(8);
  CHECK(lines.take("abc").empty());
  CHECK(lines.take("def").empty());
  auto out = lines.take("gh\nxyz\r\n\n  \r\n12345678");
  REQUIRE(out.size() == 2);
  CHECK(out[0].text == "abcdefgh");
  CHECK(out[1].text == "xyz\r");
  CHECK(lines.take("9").empty());
  CHECK(lines.take(std::string(1 << 20, 'a')).empty());
  out = lines.take("\nnext\n");
  REQUIRE(out.size() == 2);
  CHECK(out[0].too_long);
  CHECK(out[0].text.empty());
  CHECK(out[1].text == "next");
  CHECK_FALSE(out[1].too_long);
  CHECK(lines.take("half").empty());
  lines.begin_anew();
  CHECK(lines.take("whole\n").at(0).text == "whole");
}
