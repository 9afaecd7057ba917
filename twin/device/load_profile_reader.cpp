#include "twin/device/load_profile_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "ledger/base/cell_text.hpp"

namespace twin {

using ledger::Duration;
using ledger::failure;
using ledger::Result;
using ledger::shown_cell;
using ledger::trimmed;

namespace {

constexpr std::size_t max_bytes = 64u << 20;
constexpr std::size_t max_values = 4'000'000;
constexpr double max_value = 1e9;
constexpr double least_sum = 1e-6;  // what is scaled by its sum has one
constexpr std::int64_t longest_ms = 100LL * 366 * 86'400'000;
constexpr std::size_t columns = 12 * day_types;
constexpr std::array<std::string_view, 12> months{
    "Januar", "Februar", "M\xc3\xa4rz", "April",   "Mai",      "Juni",
    "Juli",   "August",  "September",   "Oktober", "November", "Dezember"};
constexpr std::array<std::string_view, day_types> types{"SA", "FT", "WT"};  // by DayType

std::optional<double> number(std::string_view s) {
  double value = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error != std::errc() || end != s.data() + s.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// Line by line, with the number of the line that was taken last.
class Lines {
 public:
  Lines(std::string_view text, const std::string& file) : text_(text), file_(file) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    while (!text_.empty() &&
           (trimmed(text_.substr(text_.size() - 1)).empty() || text_.back() == '\n'))
      text_.remove_suffix(1);
  }
  bool next(std::string_view& line) {
    if (text_.empty()) return false;
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    line = trimmed(text_.substr(0, end));
    text_.remove_prefix(std::min(end + 1, text_.size()));
    ++number_;
    return true;
  }
  std::string where() const { return file_ + ":" + std::to_string(number_) + ": "; }
  std::string where_next() const { return file_ + ":" + std::to_string(number_ + 1) + ": "; }

 private:
  std::string_view text_;
  const std::string& file_;
  std::size_t number_ = 0;
};

// A line's fields; all but the first `most` stay together in the last.
std::vector<std::string_view> fields_of(std::string_view line, std::size_t most) {
  std::vector<std::string_view> out;
  while (out.size() < most) {
    const std::size_t comma = std::min(line.find(','), line.size());
    out.push_back(trimmed(line.substr(0, comma)));
    if (comma == line.size()) break;
    line.remove_prefix(comma + 1);
  }
  return out;
}

template <std::size_t n>
std::optional<std::size_t> place_in(const std::array<std::string_view, n>& names,
                                    std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names.begin());
}

// The next line's fields, of which there must be 37.
Result<std::vector<std::string_view>> row_of(Lines& lines, const char* of) {
  std::string_view line;
  if (!lines.next(line)) return failure(lines.where_next() + "the file ends; wants " + of);
  auto fields = fields_of(line, columns + 2);
  if (fields.size() != columns + 1)
    return failure(lines.where() + "found " +
                   (fields.size() > columns + 1 ? "more than 37" : std::to_string(fields.size())) +
                   " columns; wants 37: " + of);
  return fields;
}

struct Column {
  std::size_t month = 0, type = 0;
};

Result<std::array<Column, columns>> read_columns(Lines& lines) {
  const auto month_row = row_of(lines, "an empty field and the month of each column");
  if (!month_row) return failure(month_row.error());
  std::array<Column, columns> out;
  for (std::size_t c = 0; c < columns; ++c) {
    const auto month = place_in(months, (*month_row)[c + 1]);
    if (!month)
      return failure(lines.where() + "found " + shown_cell((*month_row)[c + 1]) +
                     "; wants a month in German, such as \"Januar\"");
    out[c].month = *month;
  }
  const auto type_row = row_of(lines, "\"[kWh]\" and the day type of each column");
  if (!type_row) return failure(type_row.error());
  if ((*type_row)[0] != "[kWh]")
    return failure(lines.where() + "found unit " + shown_cell((*type_row)[0]) +
                   "; wants \"[kWh]\"");
  std::array<bool, columns> seen{};
  for (std::size_t c = 0; c < columns; ++c) {
    const auto type = place_in(types, (*type_row)[c + 1]);
    if (!type)
      return failure(lines.where() + "found day type " + shown_cell((*type_row)[c + 1]) +
                     "; wants SA, FT or WT");
    out[c].type = *type;
    bool& here = seen[out[c].month * day_types + *type];
    if (here)
      return failure(lines.where() + "month " + std::to_string(out[c].month + 1) + " has " +
                     std::string(types[*type]) + " twice; wants each day type once");
    here = true;
  }
  return out;
}

std::string quarter_name(std::size_t quarter) {
  const auto clock = [](std::size_t q) {
    const std::string hour = std::to_string(q / 4 % 24), minute = std::to_string(q % 4 * 15);
    return (hour.size() < 2 ? "0" : "") + hour + ":" + (minute.size() < 2 ? "0" : "") + minute;
  };
  return clock(quarter) + "-" + clock(quarter + 1);
}

Result<double> value_of(std::string_view field, const Lines& lines) {
  const auto value = number(field);
  if (!value || *value < 0 || *value > max_value)
    return failure(lines.where() + "found " + shown_cell(field) + "; wants a number from 0 to 1e9");
  return *value;
}

Result<void> within_bounds(std::string_view text, const std::string& file) {
  if (text.size() > max_bytes) return failure(file + ":1: larger than 64 MiB");
  if (trimmed(text).empty()) return failure(file + ":1: empty");
  return {};
}

}  // namespace

Result<StandardProfile> read_standard_profile(std::string_view text, const std::string& file) {
  if (auto ok = within_bounds(text, file); !ok) return failure(ok.error());
  Lines lines(text, file);
  const auto places = read_columns(lines);
  if (!places) return failure(places.error());
  StandardProfile out;
  double sum = 0;
  for (std::size_t q = 0; q < quarters_a_day; ++q) {
    const std::string name = quarter_name(q);
    const auto row = row_of(lines, "a quarter hour and its energies");
    if (!row) return failure(row.error());
    if ((*row)[0] != name)
      return failure(lines.where() + "found " + shown_cell((*row)[0]) + "; wants \"" + name + "\"");
    for (std::size_t c = 0; c < columns; ++c) {
      const auto kwh = value_of((*row)[c + 1], lines);
      if (!kwh) return failure(kwh.error());
      out.kwh[(*places)[c].month][(*places)[c].type][q] = *kwh;
      sum += *kwh;
    }
  }
  if (std::string_view line; lines.next(line))
    return failure(lines.where() + "found " + shown_cell(line) +
                   "; wants the end after 96 quarters");
  if (sum < least_sum) return failure(lines.where() + "all values are 0; a profile has energy");
  return out;
}

namespace {

enum class Times : std::uint8_t { none, timestamps, seconds };

// The time of a line in ms: since 1970, or since midnight.
Result<std::int64_t> time_of(std::string_view field, Times times, const Lines& lines) {
  if (times == Times::timestamps) {
    const auto time = ledger::from_rfc3339(field);
    if (!time)
      return failure(lines.where() + "found " + shown_cell(field) +
                     "; wants an RFC 3339 time with its offset, such as 2026-01-01T00:00:00+01:00");
    return time->unix_ms;
  }
  constexpr std::int64_t most_s = 400LL * 86'400;
  std::int64_t seconds = -1;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), seconds);
  if (error != std::errc() || end != field.data() + field.size() || seconds < 0 || seconds > most_s)
    return failure(lines.where() + "found " + shown_cell(field) +
                   "; wants whole seconds from 0 to 34560000");
  return seconds * 1000;
}

// Fills in the series from the lines after its header.
Result<void> read_timed(Lines& lines, Times times, LoadSeries& out) {
  std::int64_t first_ms = 0, step_ms = 0, before_ms = 0;
  for (std::string_view line; lines.next(line);) {
    if (out.values.size() == max_values)
      return failure(lines.where() + "found more than 4000000 values");
    const auto fields = fields_of(line, 3);
    if (fields.size() != 2)
      return failure(lines.where() + "found " + shown_cell(line) + "; wants a time and a power");
    const auto at_ms = time_of(fields[0], times, lines);
    if (!at_ms) return failure(at_ms.error());
    const auto value = value_of(fields[1], lines);
    if (!value) return failure(value.error());
    if (out.values.empty()) first_ms = *at_ms;
    if (out.values.size() == 1) step_ms = *at_ms - first_ms;
    if (!out.values.empty() && (*at_ms <= before_ms || *at_ms - before_ms != step_ms))
      return failure(lines.where() + "found " + shown_cell(fields[0]) + ", " +
                     std::to_string(*at_ms - before_ms) + " ms after the line before; wants " +
                     (step_ms > 0 ? std::to_string(step_ms) + " ms as at first" : "rising times"));
    before_ms = *at_ms;
    out.values.push_back(*value);
  }
  if (out.values.size() < 2)
    return failure(lines.where_next() + "the file ends; wants at least two lines of values");
  out.step = ledger::milliseconds(step_ms);
  if (times == Times::timestamps)
    out.first = ledger::CivilTime{first_ms, 0};
  else
    out.after_midnight = ledger::milliseconds(first_ms);
  return {};
}

Result<void> read_shape(Lines& lines, LoadSeries& out) {
  double sum = 0;
  for (std::string_view line; lines.next(line);) {
    if (out.values.size() == max_values)
      return failure(lines.where() + "found more than 4000000 values");
    const auto value = value_of(line, lines);
    if (!value) return failure(value.error());
    out.values.push_back(*value);
    sum += *value;
  }
  if (sum < least_sum) return failure(lines.where() + "all values are 0; a shape has energy");
  return {};
}

}  // namespace

Result<LoadSeries> read_load_series(std::string_view text, const std::string& file,
                                    std::optional<Duration> step) {
  if (auto ok = within_bounds(text, file); !ok) return failure(ok.error());
  Lines lines(text, file);
  Lines after_header = lines;
  std::string_view header;
  after_header.next(header);
  const auto names = fields_of(header, 3);
  LoadSeries out;
  Times times = Times::none;
  if (names.size() == 2 && names[1] == "watts")
    times = names[0] == "timestamp" ? Times::timestamps
            : names[0] == "seconds" ? Times::seconds
                                    : Times::none;
  if (times == Times::none && !number(header))
    return failure(after_header.where() + "found " + shown_cell(header) +
                   "; wants \"timestamp,watts\", \"seconds,watts\", or a number a line");
  if (times != Times::none && step)
    return failure(after_header.where() + "the file has times of its own; leave out load.step");
  if (times == Times::none && !step)
    return failure(after_header.where() + "values without times; the scenario must give load.step");
  out.shape = times == Times::none;
  if (step) out.step = *step;
  const auto ok = out.shape ? read_shape(lines, out) : read_timed(after_header, times, out);
  if (!ok) return failure(ok.error());
  if (out.step.whole_ms() > longest_ms / static_cast<std::int64_t>(out.values.size()))
    return failure(file + ":1: found " + std::to_string(out.values.size()) + " values " +
                   std::to_string(out.step.whole_ms()) + " ms apart; wants at most 100 years");
  return out;
}

}  // namespace twin
