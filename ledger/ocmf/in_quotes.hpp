#pragma once
// What a stranger's text holds, for a message: in quotes, in printable ASCII, and not too long.

#include <string>
#include <string_view>

namespace ledger {

inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 48;
  std::string out = "\"";
  for (const char c : text.substr(0, longest)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > longest ? "...\"" : "\"");
}

}  // namespace ledger
