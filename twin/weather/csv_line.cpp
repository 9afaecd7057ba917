#include "twin/weather/csv_line.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "ledger/base/cell_text.hpp"

namespace twin {

using ledger::trimmed;

namespace {

// Takes one field off the line's front.
std::string_view take_field(std::string_view& line) {
  std::size_t end = 0;
  for (bool quoted = false; end < line.size() && (quoted || line[end] != ','); ++end)
    if (line[end] == '"') quoted = !quoted;
  std::string_view field = trimmed(line.substr(0, end));
  line.remove_prefix(std::min(line.size(), end + 1));
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
    field = field.substr(1, field.size() - 2);
  return field;
}

}  // namespace

bool CsvLines::next(std::vector<std::string_view>& fields) {
  fields.clear();
  if (rest_.empty()) return false;
  ++number_;
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(rest_.size(), end + 1));
  while (!line.empty() && fields.size() < max_fields) fields.push_back(take_field(line));
  return true;
}

std::string CsvLines::where() const { return file_ + ":" + std::to_string(number_) + ": "; }

std::string CsvLines::wrong(std::string_view column, std::string_view found,
                            const std::string& wants) const {
  return where() + std::string(column) + ": found \"" + csv_shown(found) + "\"; wants " + wants;
}

std::optional<double> csv_number(std::string_view field) {
  const std::string_view text = trimmed(field);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::string csv_shown(std::string_view field) {
  std::string out(field.substr(0, 40));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return field.size() > 40 ? out + "..." : out;
}

}  // namespace twin
