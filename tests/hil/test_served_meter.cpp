#include <array>
#include <cmath>
#include <doctest/doctest.h>

#include "hil/modbus/register_value.hpp"
#include "hil/modbus/served_meter.hpp"
#include "tests/hil/support.hpp"

using namespace hil;
using ledger::Instant;
using ledger::milliseconds;
using ledger::seconds;

namespace {

// A reference meter of home 1 in the formula world, and a clock that the test moves.
struct Bench {
  DeviceMap map = test::device("aipchain_reference");
  Instant real{1'000'000};
  ServedMeter meter;

  explicit Bench(double speed = 1, ledger::Duration length = seconds(600))
      : meter(map, test::formula_meter(1, length), speed, [this] { return real; }) {}

  void pass(ledger::Duration time) {
    real = real + time;
    while (meter.until_next() && meter.until_next()->ns <= 0) meter.advance();
  }
  tl::expected<MeterReading, std::string> shown(std::uint16_t address) {
    std::vector<std::uint16_t> block(static_cast<std::size_t>(map.sample->registers));
    REQUIRE(meter.read(3, address, block));
    return reading_in(map, block);
  }
  MeterReading newest() { return *shown(map.sample->address); }
  std::uint64_t clock_register() {
    std::array<std::uint16_t, 4> words{};
    REQUIRE(meter.read(3, map.find("clock")->address, words));
    return bits_of(*map.find("clock"), words);
  }
  ModbusException write_clock(std::uint64_t ms) {
    std::array<std::uint16_t, 4> words{};
    put_bits(*map.find("clock"), ms, words);
    return meter.write(map.find("clock")->address, words);
  }
};

// What the formula world's home 1 shows at the end of interval k.
MeterReading formula(std::uint32_t k) {
  MeterReading out;
  const std::int64_t energy = 1000 + std::int64_t{k} * (k + 1) / 2;
  out.sequence = k;
  out.time = Instant{} + seconds(5 * k);
  out.import_register = {energy};
  out.export_register = {7 * energy};
  out.power_w = 100 - static_cast<std::int32_t>(k);
  out.voltage_v = static_cast<std::uint16_t>(225 + k % 10);
  out.draw_va = {twin::Complex(100.0 + k / 3.0, -static_cast<double>(k) / 7.0)};
  out.phase_voltage_v = {std::abs(twin::Complex(230, k * 0.1)), 0, 0};  // single-phase home
  return out;
}

}  // namespace

TEST_CASE("the map of the reference meter gives whole readings; real meters' maps do not") {
  CHECK(lack_of(test::device("aipchain_reference")) == "");
  CHECK(lack_of(test::device("abb_b23")).find("no [sample]") != std::string::npos);
  DeviceMap map = test::device("aipchain_reference");
  map.values[7].name = "apparent_l2";
  CHECK(lack_of(map).find("'power_l2'") != std::string::npos);
  map = test::device("aipchain_reference");
  map.values[2].scale = 10;
  CHECK(lack_of(map).find("'import'") != std::string::npos);
}

TEST_CASE("readings appear at their nominal times, with every bit of the world's values") {
  Bench bench;
  CHECK(bench.newest().sequence == 0);
  CHECK(bench.newest().time == Instant{});
  CHECK(bench.newest().draw_va == formula(1).draw_va);  // the interval in progress
  bench.pass(milliseconds(4999));
  CHECK(bench.newest().sequence == 0);
  bench.pass(milliseconds(1));
  CHECK(bench.newest() == formula(1));
  bench.pass(seconds(5));
  CHECK(bench.newest() == formula(2));
  CHECK(bench.meter.until_next() == seconds(5));
}

TEST_CASE("the clock runs at its speed and stands at its last reading after the end") {
  Bench bench(100, seconds(20));
  bench.pass(milliseconds(50));
  CHECK(bench.clock_register() == 5000);
  CHECK(bench.newest() == formula(1));
  bench.pass(seconds(1));
  CHECK(bench.newest() == formula(4));
  CHECK(!bench.meter.until_next());
  bench.pass(seconds(1));
  CHECK(bench.newest() == formula(4));
  CHECK(bench.clock_register() == 205'000);
}

TEST_CASE("one advance shows one reading, however far the clock is ahead") {
  Bench bench;
  bench.real = bench.real + seconds(100);
  for (std::uint32_t k = 1; k <= 20; ++k) {
    bench.meter.advance();
    CHECK(bench.newest().sequence == k);
  }
  bench.meter.advance();
  CHECK(bench.newest().sequence == 20);
}

TEST_CASE("the history holds the last 64 readings and nothing older") {
  Bench bench;
  bench.pass(seconds(5 * 100));
  const SampleBlock& block = *bench.map.sample;
  for (std::uint32_t k = 37; k <= 100; ++k) CHECK(*bench.shown(block.slot(k)) == formula(k));
  CHECK(bench.shown(block.slot(36))->sequence == 100);
}

TEST_CASE("writing the clock sets it; setting it back rewinds the meter and repeats its day") {
  Bench bench;
  bench.pass(seconds(52));
  CHECK(bench.newest() == formula(10));
  CHECK(bench.write_clock(51'000) == ModbusException::none);  // back, but no reading is undone
  CHECK(bench.newest() == formula(10));
  CHECK(bench.clock_register() == 51'000);
  CHECK(bench.write_clock(49'999) == ModbusException::none);  // the tenth is undone
  bench.pass(seconds(0));
  CHECK(bench.newest() == formula(9));
  CHECK(bench.write_clock(0) == ModbusException::none);
  CHECK(bench.newest().sequence == 0);
  CHECK(bench.shown(bench.map.sample->slot(10))->sequence == 0);
  CHECK(bench.clock_register() == 0);
  bench.pass(seconds(5));
  CHECK(bench.newest() == formula(1));
  CHECK(bench.write_clock(47'000) == ModbusException::none);  // ahead: it catches up
  bench.pass(seconds(0));
  CHECK(bench.newest() == formula(9));
  bench.pass(seconds(3));
  CHECK(bench.newest() == formula(10));
}

TEST_CASE("a clock that cannot be is refused and changes nothing") {
  Bench bench;
  bench.pass(seconds(7));
  CHECK(bench.write_clock(1'000'000'000'001) == ModbusException::illegal_value);
  CHECK(bench.write_clock(UINT64_MAX) == ModbusException::illegal_value);
  const std::array<std::uint16_t, 4> zero{};
  CHECK(bench.meter.write(256, std::span(zero).first(1)) == ModbusException::illegal_address);
  CHECK(bench.meter.write(257, zero) == ModbusException::illegal_address);
  CHECK(bench.meter.write(0, zero) == ModbusException::illegal_address);
  CHECK(bench.clock_register() == 7000);
  CHECK(bench.newest() == formula(1));
  bench.write_clock(1'000'000'000'000);  // the highest: no overflow at any later time
  bench.real = bench.real + ledger::hours(24 * 365 * 200);
  CHECK(bench.meter.clock() > Instant{});
}

TEST_CASE("a world that cannot be made again leaves the meter as it was") {
  int made = 0;
  auto make = [&made]() -> tl::expected<std::unique_ptr<twin::World>, std::string> {
    if (++made > 1) return tl::unexpected(std::string("grid file is gone"));
    return test::FormulaWorld::make();
  };
  Instant real;
  ServedMeter meter(test::device("aipchain_reference"),
                    std::move(*WorldMeter::create(make, 0, 0, seconds(100))), 1,
                    [&real] { return real; });
  real = real + seconds(5);
  meter.advance();
  const std::array<std::uint16_t, 4> zero{};
  CHECK(meter.write(256, zero) == ModbusException::device_failure);
  CHECK(meter.newest().sequence == 1);
  CHECK(meter.clock() == Instant{} + seconds(5));
  const auto never = [] {
    return tl::expected<std::unique_ptr<twin::World>, std::string>(
        tl::unexpected(std::string("no such grid")));
  };
  CHECK(WorldMeter::create(never, 0, 0, seconds(1)).error() == "no such grid");
}

TEST_CASE("a block that is no reading is refused") {
  const DeviceMap map = test::device("aipchain_reference");
  const std::vector<std::uint16_t> zero(53);
  CHECK(reading_in(map, zero));
  CHECK(!reading_in(map, std::vector<std::uint16_t>(52)));
  const auto with = [&](std::size_t at, std::uint16_t word) {
    auto block = zero;
    block[at] = word;
    return reading_in(map, block);
  };
  CHECK(with(2, 0x8000).error().find("time") != std::string::npos);
  CHECK(with(6, 0x8000).error().find("import") != std::string::npos);
  CHECK(with(10, 0xFFFF).error().find("export") != std::string::npos);
  CHECK(with(17, 0x7FF8).error().find("power_l1") != std::string::npos);
  CHECK(with(49, 0xFFF0).error().find("voltage_l3") != std::string::npos);
}

TEST_CASE("the living meter lives: near 230 V, registers rise as its power says, days repeat") {
  LivingMeter meter(3);
  std::vector<MeterReading> day;
  for (int i = 0; i < 7200; ++i) day.push_back(*meter.next());
  double energy_mwh = 0;
  std::int32_t lowest_w = INT32_MAX, highest_w = INT32_MIN;
  for (std::size_t i = 0; i < day.size(); ++i) {
    REQUIRE(day[i].sequence == i + 1);
    REQUIRE(day[i].time == Instant{} + seconds(static_cast<std::int64_t>(i) + 1));
    REQUIRE(day[i].voltage_v >= 215);
    REQUIRE(day[i].voltage_v <= 245);
    lowest_w = std::min(lowest_w, day[i].power_w);
    highest_w = std::max(highest_w, day[i].power_w);
    if (i == 0) continue;
    REQUIRE(day[i].import_register >= day[i - 1].import_register);
    REQUIRE(day[i].export_register >= day[i - 1].export_register);
    energy_mwh += day[i].power_w / 3.6;
  }
  CHECK(lowest_w < -500);  // the sun
  CHECK(highest_w > 500);  // a kettle
  const auto net = (day.back().import_register - day.front().import_register) -
                   (day.back().export_register - day.front().export_register);
  CHECK(static_cast<double>(net.value) == doctest::Approx(energy_mwh).epsilon(0.01));
  REQUIRE(meter.rewind());
  CHECK(*meter.next() == day[0]);
  CHECK(*LivingMeter(4).next() != day[0]);
}

TEST_CASE("a real meter's map shows the same household in its own units") {
  const DeviceMap map = test::device("abb_b23");
  Instant real;
  ServedMeter meter(map, test::formula_meter(1, seconds(100)), 1, [&real] { return real; });
  real = real + seconds(15);
  for (int i = 0; i < 3; ++i) meter.advance();
  const auto number = [&](const char* name) {
    const MappedValue& value = *map.find(name);
    std::vector<std::uint16_t> words(static_cast<std::size_t>(registers_of(value)));
    REQUIRE(meter.read(value.function, value.address, words));
    return *number_of(value, bits_of(value, words));
  };
  CHECK(number("power") == 97);
  CHECK(number("power_l1") == 101);
  CHECK(number("voltage_l1") == doctest::Approx(230));
  CHECK(number("voltage_l2") == 0);
  CHECK(number("current_l1") == doctest::Approx(0.44));
  CHECK(number("frequency") == 50);
  CHECK(number("import") == 0);  // 1 Wh: below its resolution of 10 Wh
  const std::array<std::uint16_t, 4> zero{};
  CHECK(meter.write(256, zero) == ModbusException::illegal_address);  // it has no clock
}
