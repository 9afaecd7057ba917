#include "market/clearing/csv_cells.hpp"

#include <algorithm>

#include "ledger/base/cell_text.hpp"
#include "ledger/base/utf8.hpp"

namespace market {

using ledger::trimmed;

namespace {

// The line's next cell and the comma behind it; false where quotes are wrong.
bool take_cell(std::string_view& line, std::string& cell) {
  cell.clear();
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  if (line.starts_with('"')) {
    line.remove_prefix(1);
    while (true) {
      const std::size_t quote = line.find('"');
      if (quote == std::string_view::npos) return false;
      cell += line.substr(0, quote);
      line.remove_prefix(quote + 1);
      if (!line.starts_with('"')) break;
      cell += '"';
      line.remove_prefix(1);
    }
    const std::size_t comma = std::min(line.find(','), line.size());
    if (!trimmed(line.substr(0, comma)).empty()) return false;
    line.remove_prefix(comma);
    return true;
  }
  const std::size_t comma = std::min(line.find(','), line.size());
  cell = trimmed(line.substr(0, comma));
  line.remove_prefix(comma);
  return true;
}

}  // namespace

std::optional<Cells> cells_of(std::string_view line, std::size_t most) {
  Cells out;
  line = trimmed(line);
  std::string cell;
  while (true) {
    if (!take_cell(line, cell)) return std::nullopt;
    if (out.count++ < most) out.kept.push_back(cell);
    if (line.empty()) return out;
    line.remove_prefix(1);
  }
}

bool is_plain_text(std::string_view cell) {
  while (!cell.empty()) {
    const std::size_t length = ledger::utf8_length(cell);
    if (length == 0 || ledger::is_control(cell.substr(0, length))) return false;
    cell.remove_prefix(length);
  }
  return true;
}

}  // namespace market
