#include "ledger/base/cell_text.hpp"

namespace ledger {

std::string_view trimmed(std::string_view cell) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!cell.empty() && blank(cell.front())) cell.remove_prefix(1);
  while (!cell.empty() && blank(cell.back())) cell.remove_suffix(1);
  return cell;
}

std::string shown_cell(std::string_view cell) {
  constexpr std::size_t longest = 40;
  std::string out = "\"";
  for (const char c : cell.substr(0, longest)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out + (cell.size() > longest ? "...\"" : "\"");
}

}  // namespace ledger
