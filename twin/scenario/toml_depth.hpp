#pragma once
// TOML's dotted keys make a table for each dot, and the parser and its trees recurse through them:
// a few kilobytes of dots would exhaust the stack. So depth is bounded before a text is parsed.

#include <optional>
#include <string_view>

namespace twin {

inline constexpr int max_key_depth = 32;  // dots in one key

// The line (from 1) of the first key with more dots than that. Comments and strings do not count.
std::optional<int> too_deep_key(std::string_view toml);

}  // namespace twin
