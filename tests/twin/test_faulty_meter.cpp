#include <doctest/doctest.h>

#include "twin/node/home/faulty_meter.hpp"

using namespace twin;
using namespace ledger;

namespace {

using Kind = MeterFault::Kind;

MeterFault fault(Kind kind) {
  MeterFault f;
  f.kind = kind;
  f.at = seconds(10);
  f.length = seconds(10);
  f.factor = 0.5;
  f.offset_w = -7'200;
  f.energy = {2'500};
  f.clock = seconds(-3);
  return f;
}

// What is shown at 5, 10, ... 30 s of a meter that imports 1 Wh and exports 2 Wh an interval.
std::vector<FaultyMeter::Shown> shown(std::vector<MeterFault> faults) {
  FaultyMeter meter({100'000}, {0}, std::move(faults));
  std::vector<FaultyMeter::Shown> out;
  for (std::int64_t k = 1; k <= 6; ++k)
    out.push_back(
        meter.show({0, Instant{} + seconds(5 * k), {100'000 + 1'000 * k}, {2'000 * k}, -720, 230}));
  return out;
}

std::vector<std::int64_t> imports(const std::vector<FaultyMeter::Shown>& all) {
  std::vector<std::int64_t> out;
  for (const auto& s : all) out.push_back(s.sample ? s.sample->import_register.value : -1);
  return out;
}
std::vector<std::int64_t> exports(const std::vector<FaultyMeter::Shown>& all) {
  std::vector<std::int64_t> out;
  for (const auto& s : all) out.push_back(s.sample ? s.sample->export_register.value : -1);
  return out;
}

using Series = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a meter without faults shows what flows") {
  const auto all = shown({});
  CHECK(imports(all) == Series{101'000, 102'000, 103'000, 104'000, 105'000, 106'000});
  CHECK(exports(all) == Series{2'000, 4'000, 6'000, 8'000, 10'000, 12'000});
}

TEST_CASE("a fault acts on the intervals that end behind its beginning and up to its end") {
  const auto scaled = shown({fault(Kind::meter_scale)});
  CHECK(imports(scaled) == Series{101'000, 102'000, 102'500, 103'000, 104'000, 105'000});
  CHECK(scaled[1].sample->power_w == -720);
  CHECK(scaled[2].sample->power_w == -360);
  CHECK(scaled[4].sample->power_w == -720);
  const auto offset = shown({fault(Kind::meter_offset)});
  CHECK(imports(offset) == Series{101'000, 102'000, 103'000, 104'000, 105'000, 106'000});
  CHECK(exports(offset) == Series{2'000, 4'000, 16'000, 28'000, 30'000, 32'000});
  CHECK(offset[2].sample->power_w == -7'920);
  const auto silent = shown({fault(Kind::meter_silent)});
  CHECK(exports(silent) == Series{2'000, 4'000, -1, -1, 10'000, 12'000});
  const auto clock = shown({fault(Kind::meter_clock)});
  CHECK(clock[1].sample->time == Instant{} + seconds(10));
  CHECK(clock[2].sample->time == Instant{} + seconds(12));
  CHECK(clock[4].sample->time == Instant{} + seconds(25));
}

TEST_CASE("a rollback and a swap act once") {
  const auto back = shown({fault(Kind::meter_rollback)});
  CHECK(imports(back) == Series{101'000, 102'000, 100'500, 101'500, 102'500, 103'500});
  CHECK(exports(back) == Series{2'000, 4'000, 3'500, 5'500, 7'500, 9'500});
  MeterFault deep = fault(Kind::meter_rollback);
  deep.energy = {1'000'000};
  CHECK(exports(shown({deep}))[2] == 2'000);  // not below 0
  const auto swapped = shown({fault(Kind::meter_swap)});
  CHECK(imports(swapped) == Series{101'000, 102'000, 1'000, 2'000, 3'000, 4'000});
  CHECK(!swapped[1].swapped);
  REQUIRE(swapped[2].swapped);
  CHECK(swapped[2].swapped->closing_import.value == 102'000);
  CHECK(swapped[2].swapped->closing_export.value == 4'000);
  CHECK(!swapped[3].swapped);
}

TEST_CASE("faults together: what was counted wrongly closes with the meter") {
  MeterFault swap = fault(Kind::meter_swap);
  swap.at = seconds(20);
  const auto all = shown({fault(Kind::meter_scale), swap});
  REQUIRE(all[4].swapped);
  CHECK(all[4].swapped->closing_import.value == 103'000);
  CHECK(all[4].sample->import_register.value == 1'000);
}

TEST_CASE("a drifting clock is set each full hour") {
  MeterFault drift = fault(Kind::meter_drift);
  drift.length = hours(3);
  drift.drift_ppm = -100;
  FaultyMeter meter({}, {}, {drift});
  const auto ahead_ms = [&](Duration at) {
    const Instant t = Instant{} + at;
    return (meter.show({0, t, {}, {}, 0, 230}).sample->time - t).whole_ms();
  };
  CHECK(ahead_ms(seconds(10)) == 0);  // not yet
  CHECK(ahead_ms(minutes(30)) == -180);
  CHECK(ahead_ms(minutes(59)) == -354);
  CHECK(ahead_ms(hours(1)) == 0);
  CHECK(ahead_ms(minutes(90)) == -180);
}

TEST_CASE("registers that begin below their modulus begin anew there") {
  MeterFault f = fault(Kind::meter_rollover);
  f.modulus = {1'000'000'000'000};  // behind 999,999.9 kWh
  f.energy = {2'500};
  const auto all = shown({f});
  CHECK(imports(all) == Series{999'999'998'500, 999'999'999'500, 500, 1'500, 2'500, 3'500});
  CHECK(exports(all) == Series{999'999'999'500, 1'500, 3'500, 5'500, 7'500, 9'500});
  const auto begins = FaultyMeter::registers_of({5}, {6}, {f});
  CHECK(begins.first_import.value == 999'999'997'500);
  CHECK(begins.first_export == begins.first_import);
  CHECK(begins.modulus == f.modulus);
  const auto plain = FaultyMeter::registers_of({5}, {6}, {fault(Kind::meter_clock)});
  CHECK(plain.first_import.value == 5);
  CHECK(plain.first_export.value == 6);
  CHECK(plain.modulus.value == 0);
}
