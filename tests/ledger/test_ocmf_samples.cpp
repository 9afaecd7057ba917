// What a signed record says of energy and time, and records of our own.

#include <doctest/doctest.h>

#include "ledger/ocmf/ocmf_check.hpp"
#include "ledger/ocmf/ocmf_reader.hpp"
#include "ledger/ocmf/ocmf_samples.hpp"
#include "ledger/ocmf/ocmf_writer.hpp"
#include "tests/support/ocmf_record.hpp"
#include "tests/support/replaced.hpp"

using namespace ledger;
using test::ocmf_key;
using test::ocmf_payload;
using test::ocmf_record;
using test::replaced;

namespace {

OcmfRecord record_of(const std::string& payload) {
  const auto record = read_ocmf(ocmf_record(payload, ocmf_key(Curve::secp256r1)));
  REQUIRE_MESSAGE(record, record.error());
  return *record;
}

std::vector<OcmfSample> samples(const std::string& payload) {
  const auto out = samples_of(record_of(payload));
  REQUIRE_MESSAGE(out, out.error());
  return *out;
}

bool refused(const std::string& payload) { return !samples_of(record_of(payload)); }

OcmfTransaction transaction() {
  OcmfTransaction t;
  t.gateway_id = "AIPCHAIN gateway";
  t.gateway_serial = "17";
  t.meter_vendor = "maker \"and\" sons \xc3\xa4";
  t.meter_model = "model";
  t.meter_serial = "4711";
  t.page = 12;
  t.epoch = *from_rfc3339("2026-06-21T00:00:00+02:00");
  t.begin = {1, 5'000, {9'038'000}, {1}, 400, 230};
  t.end = {139, 695'007, {10'342'001}, {999'999}, 6'000, 229};
  return t;
}

std::string written(const OcmfTransaction& t, const EcdsaKey& key) {
  const auto record = write_ocmf(t, key);
  REQUIRE_MESSAGE(record, record.error());
  return *record;
}

// What travels of a reading.
Reading registers_of(Reading r, std::uint32_t sequence) {
  return {sequence, r.time_ms, r.import_register, r.export_register, 0, 0};
}

}  // namespace

TEST_CASE("ocmf: energies become whole mWh, exactly or not at all") {
  const auto mwh = [](std::string_view value, std::string_view unit) {
    const auto energy = energy_of(value, unit);
    return energy ? energy->value : -1;
  };
  CHECK(mwh("9.038", "kWh") == 9'038'000);
  CHECK(mwh("0", "Wh") == 0);
  CHECK(mwh("00000000.000", "kWh") == 0);
  CHECK(mwh("62500.1271", "kWh") == 62'500'127'100);
  CHECK(mwh("0.000001", "kWh") == 1);
  CHECK(mwh("0.001", "Wh") == 1);
  CHECK(mwh("7763", "Wh") == 7'763'000);
  CHECK(mwh("1.0010000000000", "Wh") == 1'001);
  CHECK(mwh("9223372036854.775807", "kWh") == INT64_MAX);
  CHECK(mwh("9007199254.740993", "kWh") == 9'007'199'254'740'993);  // 2^53 + 1: no double has it
  CHECK(mwh("9223372036854.775808", "kWh") == -1);
  CHECK(mwh("9223372036854775.808", "Wh") == -1);
  CHECK(mwh("99999999999999999999", "kWh") == -1);
  CHECK(mwh(std::string(60'000, '9'), "kWh") == -1);
  CHECK(mwh("0.0000001", "kWh") == -1);
  CHECK(mwh("0.0001", "Wh") == -1);
  CHECK(mwh("1.0005", "Wh") == -1);
  CHECK(mwh("-1", "Wh") == -1);
  CHECK(mwh("-0", "Wh") == -1);
  CHECK(mwh("+1", "Wh") == -1);
  CHECK(mwh("1e3", "Wh") == -1);
  CHECK(mwh("1E0", "Wh") == -1);
  CHECK(mwh("1.5e1", "kWh") == -1);
  CHECK(mwh("NaN", "kWh") == -1);
  CHECK(mwh("", "kWh") == -1);
  CHECK(mwh(".5", "kWh") == -1);
  CHECK(mwh("1.2.3", "kWh") == -1);
  CHECK(mwh(" 1", "kWh") == -1);
  CHECK(mwh("1", "kwh") == -1);
  CHECK(mwh("1", "MWh") == -1);
  CHECK(mwh("1", "sec") == -1);
  CHECK(mwh("1", "") == -1);
  CHECK(energy_of("0.0001", "Wh").error() == "\"0.0001\" \"Wh\" is not a whole number of mWh");
}

TEST_CASE("ocmf: codes name a register in each of their spellings, and only the totals") {
  for (const char* code : {"1-0:1.8.0", "1-0:1.8.0*255", "1-0:1.8.0.FF", "1-b:1.8.0", "1-b:1.8.e",
                           "01-00:01.08.00.FF", "01-00:01.08.00*ff", "1-0:1.8.0*FF"}) {
    CAPTURE(code);
    CHECK(register_of(code) == OcmfRegister::import_total);
  }
  for (const char* code : {"1-0:2.8.0", "1-0:2.8.0.FF", "1-b:2.8.e", "01-00:02.08.00*FF"}) {
    CAPTURE(code);
    CHECK(register_of(code) == OcmfRegister::export_total);
  }
  for (const char* code : {"1-0:98.8.0.FF", "1-0:98.8.0", "1-0:1.8.0*198"}) {
    CAPTURE(code);
    CHECK(register_of(code) == OcmfRegister::transaction);
  }
  for (const char* code : {"",
                           "1.8.0",
                           "1-0:1.8",
                           "1-0:1.8.0*",
                           "1-0:1.8.1",
                           "1-0:1.8.2*255",
                           "1-b:1.9.0",
                           "1-0:1.7.0",
                           "1-0:3.8.0",
                           "1-0:21.8.0",
                           "1-0:11.8.0",
                           "8-0:1.8.0",
                           "1-1:1.8.0",
                           "1-0:1.8.0*1",
                           "1-0:1.8.0*255*255",
                           "1:0-1.8.0",
                           "01-00:00.08.06.FF",
                           "1-0:2.8.0*198",
                           "1-0:98.8.0*198",
                           "1-0:1.8.0 ",
                           " 1-0:1.8.0",
                           "1-0:1,8,0",
                           "x-0:1.8.0",
                           "1--0:1.8.0",
                           "1-0:18.0"}) {
    CAPTURE(code);
    CHECK(register_of(code) == OcmfRegister::other);
  }
}

TEST_CASE("ocmf: samples join a moment's registers and know what is of no use") {
  auto two = samples(ocmf_payload);
  REQUIRE(two.size() == 2);
  CHECK(two[0].import_total == MilliWattHours{9'038'000});
  CHECK(two[1].import_total == MilliWattHours{10'342'000});
  CHECK_FALSE(two[0].export_total);
  CHECK(two[0].energy_usable);
  CHECK(two[0].time_usable);
  const std::string both =
      replaced(ocmf_payload, R"("ST":"G"},)",
               R"("ST":"G"},{"RV":2.5,"RI":"1-0:2.8.0"},{"RV":"30","RI":"1-0:0.8.6","RU":"sec"},)"
               R"({"RI":"1-0:1.8.0","RU":"kWh","ST":"G","EF":""},)");
  two = samples(both);
  // The event at the end of the first moment has no value; the last reading is import again.
  REQUIRE(two.size() == 2);
  CHECK(two[0].import_total == MilliWattHours{9'038'000});
  CHECK(two[0].export_total == MilliWattHours{2'500'000});
  CHECK(two[1].import_total == MilliWattHours{10'342'000});
  const auto first = [](const char* what, const char* with) {
    return samples(replaced(ocmf_payload, what, with))[0];
  };
  CHECK_FALSE(first("\"EF\":\"\"", "\"EF\":\"E\"").energy_usable);
  CHECK(first("\"EF\":\"\"", "\"EF\":\"E\"").time_usable);
  CHECK_FALSE(first("\"EF\":\"\"", "\"EF\":\"t\"").time_usable);
  CHECK(first("\"EF\":\"\"", "\"EF\":\"t\"").energy_usable);
  CHECK_FALSE(first("\"ST\":\"G\"", "\"ST\":\"M\"").energy_usable);
  CHECK_FALSE(first(",\"ST\":\"G\"", "").energy_usable);
  CHECK_FALSE(first("\"TX\":\"B\"", "\"TX\":\"X\"").energy_usable);
  // An exception reaches to the transaction's end.
  two = samples(replaced(ocmf_payload, "\"TX\":\"B\"", "\"TX\":\"X\""));
  CHECK_FALSE(two[1].energy_usable);
  CHECK_FALSE(two[1].time_usable);
  CHECK(samples(replaced(ocmf_payload, "1-0:1.8.0", "1-0:1.8.1")).empty());
  const auto of_transaction = first("1-0:1.8.0", "1-0:98.8.0.FF");
  CHECK(of_transaction.of_transaction == MilliWattHours{9'038'000});
  CHECK_FALSE(of_transaction.import_total);
  for (const auto& change : {std::pair{"10.342", "-10.342"},
                             {"10.342", "1.0342e1"},
                             {"10.342", "10.3420001"},
                             {"10.342", "12345678901234567890"},
                             {"\"kWh\"", "\"MWh\""},
                             {"\"RU\":\"kWh\",", ""},
                             {"2026-06-21T09:21:21,500+0200 S\",\"TX\":\"E",
                              "2026-06-21T09:09:51,000+0200 S\",\"TX\":\"B"}}) {
    CAPTURE(change.second);
    CHECK(refused(replaced(ocmf_payload, change.first, change.second)));
  }
}

TEST_CASE("ocmf: the meter's word for its clock becomes the oracle's") {
  const auto verdict = [](const char* what, const char* with) {
    return time_verdict(samples(replaced(ocmf_payload, what, with))[0]);
  };
  CHECK(verdict("+0200 S", "+0200 S") == 0);
  CHECK(verdict("+0200 S", "+0200 I") == bit(Rule::time_informative));
  CHECK(verdict("+0200 S", "+0200 R") == bit(Rule::time_informative));
  CHECK(verdict("+0200 S", "+0200 U") == bit(Rule::time_apart));
  CHECK(verdict("\"EF\":\"\"", "\"EF\":\"Et\"") == bit(Rule::time_apart));
  CHECK_FALSE(quarantines(verdict("+0200 S", "+0200 I")));
  CHECK(quarantines(verdict("+0200 S", "+0200 U")));
}

TEST_CASE("ocmf: a sample becomes a reading, or says why not") {
  const CivilTime epoch = *from_rfc3339("2026-06-21T00:00:00Z");
  const OcmfSample sample = samples(ocmf_payload)[0];
  const auto reading = reading_of(sample, epoch, 7);
  REQUIRE_MESSAGE(reading, reading.error());
  CHECK(*reading == Reading{7, 25'791'000, {9'038'000}, {0}, 0, 0});
  const auto without = [&](auto change) {
    OcmfSample changed = sample;
    change(changed);
    return !reading_of(changed, epoch, 7);
  };
  CHECK(without([](OcmfSample& s) { s.energy_usable = false; }));
  CHECK(without([](OcmfSample& s) { s.import_total.reset(); }));
  CHECK(without([](OcmfSample& s) { s.import_total = MilliWattHours{std::int64_t{1} << 40}; }));
  CHECK(without([](OcmfSample& s) { s.export_total = MilliWattHours{std::int64_t{1} << 40}; }));
  CHECK(without([&](OcmfSample& s) { s.time.unix_ms = epoch.unix_ms - 1; }));
  CHECK(without([&](OcmfSample& s) { s.time.unix_ms = epoch.unix_ms + (std::int64_t{1} << 40); }));
  CHECK_FALSE(without([&](OcmfSample& s) { s.time.unix_ms = epoch.unix_ms; }));
}

TEST_CASE("ocmf: what is written is valid and reads back equal, on every curve") {
  for (const Curve curve : all_curves) {
    CAPTURE(name_of(curve));
    const EcdsaKey key = ocmf_key(curve);
    const OcmfTransaction t = transaction();
    const std::string record = written(t, key);
    CHECK(record == written(t, key));
    const OcmfCheck check = check_ocmf(record, key.public_key());
    CHECK(check.verdict == (bits_of(curve) == 192 ? OcmfVerdict::unsupported : OcmfVerdict::valid));
    REQUIRE(check.record);
    CHECK(check.record->gateway_serial == t.gateway_serial);
    CHECK(check.record->meter_vendor == t.meter_vendor);
    CHECK(check.record->meter_serial == t.meter_serial);
    CHECK(check.record->pagination == "T12");
    const auto read = samples_of(*check.record);
    REQUIRE_MESSAGE(read, read.error());
    REQUIRE(read->size() == 2);
    CHECK((*read)[0].transaction == "B");
    CHECK((*read)[1].transaction == "E");
    CHECK((*read)[1].time_state == OcmfTimeState::synchronised);
    CHECK(reading_of((*read)[0], t.epoch, 1) == registers_of(t.begin, 1));
    CHECK(reading_of((*read)[1], t.epoch, 2) == registers_of(t.end, 2));
  }
}

TEST_CASE("ocmf: the largest and the smallest readings, and zones, survive the way") {
  const EcdsaKey key = ocmf_key(Curve::secp256r1);
  constexpr std::int64_t most = (std::int64_t{1} << 40) - 1;
  for (const char* epoch : {"2026-06-21T00:00:00+02:00", "2026-01-01T00:00:00Z",
                            "1999-12-31T23:59:59.999-03:30", "1970-01-01T00:00:00+01:00"}) {
    CAPTURE(epoch);
    OcmfTransaction t = transaction();
    t.epoch = *from_rfc3339(epoch);
    t.begin = {0, 0, {0}, {0}, 0, 0};
    t.end = {0, most, {most}, {most}, 0, 0};
    t.time_state = OcmfTimeState::informative;
    const auto read = samples_of(*check_ocmf(written(t, key), key.public_key()).record);
    REQUIRE_MESSAGE(read, read.error());
    REQUIRE(read->size() == 2);
    CHECK((*read)[0].time == t.epoch);
    CHECK(reading_of((*read)[0], t.epoch, 0) == t.begin);
    CHECK(reading_of((*read)[1], t.epoch, 0) == t.end);
  }
}

TEST_CASE("ocmf: what cannot be written is refused") {
  const EcdsaKey key = ocmf_key(Curve::secp256r1);
  const auto refuses = [&](auto change) {
    OcmfTransaction t = transaction();
    change(t);
    return !write_ocmf(t, key);
  };
  CHECK_FALSE(refuses([](OcmfTransaction&) {}));
  CHECK(refuses([](OcmfTransaction& t) { t.meter_serial = "47|11"; }));
  CHECK(refuses([](OcmfTransaction& t) { t.meter_serial = "47\n11"; }));
  CHECK(refuses([](OcmfTransaction& t) { t.gateway_id = std::string("a\0b", 3); }));
  CHECK(refuses([](OcmfTransaction& t) { t.gateway_id = "\xff"; }));
  CHECK(refuses([](OcmfTransaction& t) { t.end.time_ms = t.begin.time_ms - 1; }));
  CHECK(refuses([](OcmfTransaction& t) { t.end.import_register.value = 0; }));
  CHECK(refuses([](OcmfTransaction& t) { t.end.export_register.value = 0; }));
  CHECK(refuses([](OcmfTransaction& t) { t.begin.import_register.value = -1; }));
  CHECK(refuses([](OcmfTransaction& t) { t.end.time_ms = std::int64_t{1} << 40; }));
}
