#include "app/overrides.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace app {
namespace {

// Nothing but digits: a form that two programs might read as two numbers is no seed.
bool is_seed(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end && text[0] != '-';
}

}  // namespace

ledger::Result<std::vector<twin::Override>> parse_overrides(const std::vector<std::string>& set,
                                                            const std::string& seed) {
  std::vector<twin::Override> out;
  for (const std::string& pair : set) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return ledger::failure("--set " + pair.substr(0, 80) + ": wants key=value");
    out.push_back({pair.substr(0, equals), pair.substr(equals + 1)});
  }
  if (seed.empty()) return out;
  if (!is_seed(seed))
    return ledger::failure("--seed " + seed.substr(0, 80) + ": wants a whole number from 0 to " +
                           std::to_string(INT64_MAX));
  const auto digits = std::min(seed.find_first_not_of('0'), seed.size() - 1);  // TOML: no 007
  out.push_back({"seed", seed.substr(digits), "--seed " + seed});
  return out;
}

}  // namespace app
