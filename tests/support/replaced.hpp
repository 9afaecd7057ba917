#pragma once
// A text with one part of it exchanged, which must be there.

#include <doctest/doctest.h>
#include <string>

namespace test {

inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

}  // namespace test
