#include <doctest/doctest.h>

#include "hil/modbus/modbus_request.hpp"
#include "ledger/base/rng.hpp"

using namespace hil;
using ledger::Bytes;

namespace {

// Holding registers 10 to 19 hold their own address; 12 can be written, but not to 0.
struct TenRegisters : RegisterDevice {
  bool read(int function, std::uint16_t address, std::span<std::uint16_t> out) override {
    if (function != 3 || address < 10 || address + out.size() > 20) return false;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint16_t>(address + i);
    return true;
  }
  ModbusException write(std::uint16_t address, std::span<const std::uint16_t> values) override {
    if (address != 12 || values.size() != 1) return ModbusException::illegal_address;
    if (values[0] == 0) return ModbusException::illegal_value;
    written = values[0];
    return ModbusException::none;
  }
  std::uint16_t written = 0;
};

Bytes answer(const Bytes& pdu) {
  TenRegisters device;
  return answer_request(pdu, device);
}

}  // namespace

TEST_CASE("registers that exist are read and written") {
  CHECK(answer({3, 0, 10, 0, 2}) == Bytes{3, 4, 0, 10, 0, 11});
  CHECK(answer({6, 0, 12, 1, 2}) == Bytes{6, 0, 12, 1, 2});
  CHECK(answer({16, 0, 12, 0, 1, 2, 0, 9}) == Bytes{16, 0, 12, 0, 1});
}

TEST_CASE("every wrong request has its exception") {
  struct Case {
    const char* what;
    Bytes pdu, answer;
  };
  const Case cases[] = {
      {"unknown function", {1, 0, 10, 0, 1}, {0x81, 1}},
      {"function 0", {0}, {0x80, 1}},
      {"function above 127", {0x83, 0, 10, 0, 1}, {0x83, 1}},
      {"identification", {0x2B, 14, 1, 0}, {0xAB, 1}},
      {"below the first register", {3, 0, 9, 0, 1}, {0x83, 2}},
      {"beyond the last register", {3, 0, 19, 0, 2}, {0x83, 2}},
      {"beyond 65535", {3, 0xFF, 0xFF, 0, 2}, {0x83, 2}},
      {"input registers that are not there", {4, 0, 10, 0, 1}, {0x84, 2}},
      {"no register", {3, 0, 10, 0, 0}, {0x83, 3}},
      {"126 registers", {3, 0, 10, 0, 126}, {0x83, 3}},
      {"65535 registers", {3, 0, 10, 0xFF, 0xFF}, {0x83, 3}},
      {"a short read", {3, 0, 10, 0}, {0x83, 3}},
      {"a long read", {3, 0, 10, 0, 1, 0}, {0x83, 3}},
      {"only a function", {3}, {0x83, 3}},
      {"a write elsewhere", {6, 0, 13, 0, 1}, {0x86, 2}},
      {"a refused value", {6, 0, 12, 0, 0}, {0x86, 3}},
      {"a short write", {6, 0, 12, 0}, {0x86, 3}},
      {"bytes do not match the count", {16, 0, 12, 0, 1, 4, 0, 9}, {0x90, 3}},
      {"two registers for a count of one", {16, 0, 12, 0, 1, 4, 0, 9, 0, 9}, {0x90, 3}},
      {"fewer bytes than announced", {16, 0, 12, 0, 1, 2, 0}, {0x90, 3}},
      {"more bytes than announced", {16, 0, 12, 0, 1, 2, 0, 9, 9}, {0x90, 3}},
      {"nothing to write", {16, 0, 12, 0, 0, 0}, {0x90, 3}},
      {"two where one is writable", {16, 0, 12, 0, 2, 4, 0, 1, 0, 2}, {0x90, 2}},
      {"write beyond 65535", {16, 0xFF, 0xFF, 0, 2, 4, 0, 1, 0, 2}, {0x90, 2}},
  };
  for (const Case& each : cases) {
    CAPTURE(each.what);
    CHECK(answer(each.pdu) == each.answer);
  }
  Bytes many{16, 0, 12, 0, 124, 248};
  many.resize(6 + 248);
  CHECK(answer(many) == Bytes{0x90, 3});
}

TEST_CASE("random requests are answered within a frame") {
  ledger::Rng rng(1);
  TenRegisters device;
  for (int i = 0; i < 20'000; ++i) {
    Bytes pdu(1 + rng.below(253));
    for (auto& byte : pdu) byte = static_cast<std::uint8_t>(rng.next());
    if (rng.chance(0.7))
      pdu[0] = static_cast<std::uint8_t>(rng.chance(0.5) ? 16 : 3 + rng.below(4));
    const Bytes out = answer_request(pdu, device);
    REQUIRE(out.size() >= 2);
    REQUIRE(out.size() <= 253);
    REQUIRE((out[0] & 0x7F) == (pdu[0] & 0x7F));
  }
}
