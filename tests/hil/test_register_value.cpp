#include <array>
#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

#include "hil/modbus/register_image.hpp"
#include "hil/modbus/register_value.hpp"

using namespace hil;

namespace {

MappedValue value_of(RegisterType type, WordOrder order = WordOrder::high_first) {
  MappedValue out;
  out.name = "power";
  out.type = type;
  out.word_order = order;
  return out;
}

double shown_and_read(const MappedValue& value, double base) {
  return *number_of(value, bits_showing(value, base)) * value.base_per_unit;
}

}  // namespace

TEST_CASE("word order: high first and low first differ in the order of registers only") {
  const std::array<std::uint16_t, 4> words{0x1122, 0x3344, 0x5566, 0x7788};
  CHECK(bits_of(value_of(RegisterType::u64), words) == 0x1122334455667788u);
  CHECK(bits_of(value_of(RegisterType::u64, WordOrder::low_first), words) == 0x7788556633441122u);
  const std::array<std::uint16_t, 2> f32{0x4366, 0x8000};  // 230.5
  CHECK(*number_of(value_of(RegisterType::f32), bits_of(value_of(RegisterType::f32), f32)) ==
        230.5);
  for (const WordOrder order : {WordOrder::high_first, WordOrder::low_first}) {
    std::array<std::uint16_t, 4> back{};
    const MappedValue value = value_of(RegisterType::u64, order);
    put_bits(value, 0x0123456789abcdefu, back);
    CHECK(bits_of(value, back) == 0x0123456789abcdefu);
  }
}

TEST_CASE("every type shows what it is given, at both ends of its range and beyond") {
  struct Range {
    RegisterType type;
    double low, high;
  };
  const Range ranges[] = {{RegisterType::u16, 0, 65535},
                          {RegisterType::i16, -32768, 32767},
                          {RegisterType::u32, 0, 4294967295.0},
                          {RegisterType::i32, -2147483648.0, 2147483647.0},
                          {RegisterType::u64, 0, 18446744073709551615.0},
                          {RegisterType::i64, -9223372036854775808.0, 9223372036854775807.0}};
  for (const Range& range : ranges) {
    CAPTURE(static_cast<int>(range.type));
    const MappedValue value = value_of(range.type);
    CHECK(shown_and_read(value, range.low) == range.low);
    CHECK(shown_and_read(value, range.high) == range.high);
    CHECK(shown_and_read(value, 1234) == 1234);
    CHECK(shown_and_read(value, range.high * 4) == range.high);  // stops at the end
    CHECK(shown_and_read(value, range.low * 4 - 5) == range.low);
    if (range.low < 0) CHECK(shown_and_read(value, -1) == -1);
  }
  CHECK(shown_and_read(value_of(RegisterType::f64), 0.1) == 0.1);
  CHECK(shown_and_read(value_of(RegisterType::f32), 0.1) == static_cast<double>(0.1f));
  CHECK(shown_and_read(value_of(RegisterType::f32), 1e300) == std::numeric_limits<float>::max());
}

TEST_CASE("scale, unit and sign are turned both ways") {
  MappedValue kwh = value_of(RegisterType::u64);
  kwh.scale = 0.01;
  kwh.base_per_unit = 1e6;  // mWh in a kWh
  CHECK(bits_showing(kwh, 123'456'789) == 12346);
  CHECK(*number_of(kwh, 12346) == doctest::Approx(123.46));
  MappedValue turned = value_of(RegisterType::i32);
  turned.sign = -1;
  CHECK(bits_showing(turned, 500) == 0xFFFFFE0Cu);
  CHECK(*number_of(turned, 0xFFFFFE0Cu) == 500);
  CHECK(*number_of(turned, 500) == -500);
}

TEST_CASE("NaN, infinities and the not-implemented pattern are errors, never numbers") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto inf = std::numeric_limits<double>::infinity();
  CHECK(!number_of(value_of(RegisterType::f32), 0x7FC00000u));
  CHECK(!number_of(value_of(RegisterType::f32), 0xFFFFFFFFu));
  CHECK(!number_of(value_of(RegisterType::f32), 0x7F800000u));
  CHECK(!number_of(value_of(RegisterType::f64), std::bit_cast<std::uint64_t>(-inf)));
  MappedValue missing = value_of(RegisterType::i16);
  missing.missing = 0x8000;
  CHECK(number_of(missing, 0x8000).error() == "power: not implemented by the device (0x8000)");
  CHECK(*number_of(missing, 0x8001) == -32767);
  // What is not finite never turns into a plausible number on its way out.
  CHECK(!number_of(value_of(RegisterType::f32), bits_showing(value_of(RegisterType::f32), nan)));
  CHECK(!number_of(value_of(RegisterType::f64), bits_showing(value_of(RegisterType::f64), inf)));
  CHECK(!number_of(missing, bits_showing(missing, nan)));
  CHECK(bits_showing(value_of(RegisterType::u32), nan) == 0xFFFFFFFFu);
}

TEST_CASE("an image has the map's registers and no others") {
  const DeviceMap map = *load_device_map("abb_b23");
  RegisterImage image(map);
  std::array<std::uint16_t, 2> two{};
  std::array<std::uint16_t, 8> eight{};
  CHECK(image.read(3, 0x5B00, two));
  CHECK(image.read(3, 0x5000, eight));
  CHECK(!image.read(4, 0x5B00, two));
  CHECK(!image.read(3, 0x4FFF, two));
  CHECK(!image.read(3, 0x5007, two));
  CHECK(!image.read(3, 65535, two));
  image.show("voltage_l1", 229.96);
  image.show("no such value", 1);
  REQUIRE(image.read(3, 0x5B00, two));
  CHECK(two == std::array<std::uint16_t, 2>{0, 2300});
  image.clear();
  REQUIRE(image.read(3, 0x5B00, two));
  CHECK(two[1] == 0);
}
