#include <doctest/doctest.h>
#include <string>

#include "ledger/base/utf8.hpp"

using namespace ledger;

namespace {

std::string encoded(std::uint32_t code, int bytes) {
  if (bytes == 1) return {static_cast<char>(code)};
  std::string out;
  for (int i = bytes - 1; i > 0; --i)
    out.insert(out.begin(), static_cast<char>(0x80 | ((code >> 6 * (bytes - 1 - i)) & 0x3f)));
  const std::uint32_t lead = bytes == 2 ? 0xc0 : bytes == 3 ? 0xe0 : 0xf0;
  out.insert(out.begin(), static_cast<char>(lead | code >> 6 * (bytes - 1)));
  return out;
}

int shortest(std::uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

}  // namespace

TEST_CASE("every character of UTF-8 has its length, and nothing else has one") {
  for (std::uint32_t code = 0; code < 0x200000; ++code) {
    const int least = shortest(code);
    const bool good = code < 0x110000 && (code < 0xd800 || code > 0xdfff);
    for (int bytes = least; bytes <= 4; ++bytes) {
      const std::string text = encoded(code, bytes);
      const std::size_t length = bytes == least && good ? text.size() : 0;
      REQUIRE(utf8_length(text) == length);
      if (length == 0) continue;
      REQUIRE(utf8_length(text + "\x80") == length);
      if (bytes > 1) REQUIRE(utf8_length(text.substr(0, text.size() - 1)) == 0);
      REQUIRE(is_control(text) == (code < 0x20 || (code >= 0x7f && code < 0xa0)));
    }
  }
  CHECK(utf8_length("") == 0);
  CHECK(utf8_length("\xff") == 0);
  CHECK(utf8_length("\x80") == 0);
  CHECK_FALSE(is_control(""));
}
