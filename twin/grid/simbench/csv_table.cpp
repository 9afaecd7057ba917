#include "twin/grid/simbench/csv_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

constexpr std::size_t max_table_bytes = 256u << 20, max_cells = 4'000'000, max_columns = 10'000;

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view take_cell(std::string_view& line) {
  const std::size_t end = std::min(line.find(';'), line.size());
  const std::string_view cell = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return cell;
}

}  // namespace

Result<CsvTable> CsvTable::parse(std::string text, std::string file,
                                 const std::vector<std::string>& wanted) {
  if (text.size() > max_table_bytes)
    return failure(file + ": found " + std::to_string(text.size()) +
                   " bytes; wants at most 256 MiB");
  CsvTable out;
  out.file_ = std::move(file);
  out.text_ = std::make_unique<std::string>(std::move(text));
  std::string_view rest = *out.text_;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  std::string_view heading = take_line(rest);
  if (heading.empty()) return failure(out.file_ + ":1: found no heading; wants column names");
  const auto count = static_cast<std::size_t>(std::count(heading.begin(), heading.end(), ';')) + 1;
  if (count > max_columns) return failure(out.file_ + ":1: wants at most 10000 columns");
  std::vector<bool> kept;
  for (std::size_t c = 0; c < count; ++c) {
    std::string name(take_cell(heading));
    kept.push_back(wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end());
    if (!kept.back()) continue;
    if (out.column(name) != absent)
      return failure(out.file_ + ":1: " + name.substr(0, 60) + ": this column is given twice");
    out.columns_.push_back(std::move(name));
  }
  for (std::uint32_t number = 2; !rest.empty(); ++number) {
    std::string_view line = take_line(rest);
    if (line.empty()) continue;
    const auto cells = static_cast<std::size_t>(std::count(line.begin(), line.end(), ';')) + 1;
    if (cells != count)
      return failure(out.file_ + ":" + std::to_string(number) + ": found " + std::to_string(cells) +
                     " cells; wants " + std::to_string(count) + " like the heading");
    if (out.cells_.size() + out.columns_.size() > max_cells)
      return failure(out.file_ + ":" + std::to_string(number) + ": wants at most 4 million cells");
    out.lines_.push_back(number);
    for (std::size_t c = 0; c < count; ++c)
      if (const std::string_view cell = take_cell(line); kept[c]) out.cells_.push_back(cell);
  }
  return out;
}

std::size_t CsvTable::column(std::string_view name) const {
  const auto at = std::find(columns_.begin(), columns_.end(), name);
  return at == columns_.end() ? absent : static_cast<std::size_t>(at - columns_.begin());
}

std::string CsvTable::where(std::size_t row) const {
  return file_ + ":" + std::to_string(lines_[row]);
}

std::optional<double> number_of(std::string_view text) {
  double out = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || !std::isfinite(out))
    return std::nullopt;
  return out;
}

}  // namespace twin
