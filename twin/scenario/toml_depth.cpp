#include "twin/scenario/toml_depth.hpp"

#include <algorithm>

namespace twin {
namespace {

// Past the string that begins at `at`; a multi-line one where its quote stands three times.
std::size_t past_string(std::string_view toml, std::size_t at) {
  const char quote = toml[at];
  const std::string_view three = toml.substr(at, 3);
  const bool lines = three.size() == 3 && three[1] == quote && three[2] == quote;
  std::size_t i = at + (lines ? 3 : 1);
  for (; i < toml.size(); ++i) {
    if (toml[i] == '\\' && quote == '"') {
      ++i;
    } else if (toml[i] == quote && (!lines || toml.substr(i, 3) == three)) {
      return i + (lines ? 3 : 1);
    } else if (toml[i] == '\n' && !lines) {
      return i;  // not TOML; the parser says so
    }
  }
  return toml.size();
}

bool part_of_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == ' ' || c == '\t';
}

}  // namespace

std::optional<int> too_deep_key(std::string_view toml) {
  int dots = 0;
  for (std::size_t i = 0; i < toml.size();) {
    const char c = toml[i];
    if (c == '"' || c == '\'') {
      i = past_string(toml, i);  // which may itself be a part of a key
      continue;
    }
    if (c == '#') i = std::min(toml.find('\n', i), toml.size() - 1);
    if (c == '.')
      ++dots;
    else if (!part_of_key(c))
      dots = 0;
    if (dots > max_key_depth)
      return 1 + static_cast<int>(
                     std::count(toml.begin(), toml.begin() + static_cast<std::ptrdiff_t>(i), '\n'));
    ++i;
  }
  return std::nullopt;
}

}  // namespace twin
