#include "app/number_option.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>

namespace app {
namespace {

bool is_number_from(const std::string& text, double least, double most) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end && std::isfinite(number) && least <= number &&
         number <= most;
}

}  // namespace

CLI::Validator number_from(double least, double most) {
  std::array<char, 64> bounds{};
  std::snprintf(bounds.data(), bounds.size(), "from %g to %g", least, most);
  const std::string wants = bounds.data();
  return {[=](std::string& text) {
            if (is_number_from(text, least, most)) return std::string();
            return "found " + text.substr(0, 80) + "; wants a number " + wants;
          },
          wants};
}

}  // namespace app
