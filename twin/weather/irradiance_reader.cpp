#include "twin/weather/irradiance_reader.hpp"

#include <array>
#include <optional>

#include "ledger/base/time.hpp"
#include "twin/weather/csv_line.hpp"

namespace twin {
namespace {

using ledger::failure;
using ledger::Result;
using Fields = std::vector<std::string_view>;

constexpr std::size_t max_rows = 3 * 366 * 1440;
constexpr std::int64_t ms_per_minute = 60'000;
constexpr std::size_t absent = CsvLines::max_fields;

enum Quantity : std::size_t { ghi, dni, dhi, temperature, wind, quantities };

struct Column {
  const char* name;
  double low, high, fallback;
  std::size_t at = absent;
};

struct Row {
  std::int64_t unix_ms = 0;
  std::array<double, quantities> value{};
};

std::optional<std::int64_t> time_in(std::string_view field) {
  std::string text(field.substr(0, 40));
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  const auto time = ledger::from_rfc3339(text);
  return time ? std::optional(time->unix_ms) : std::nullopt;
}

Result<void> find_columns(CsvLines& lines, Fields& fields,
                          std::array<Column, quantities>& columns) {
  lines.next(fields);
  for (std::size_t i = 0; i < fields.size(); ++i)
    for (Column& c : columns)
      if (fields[i] == c.name) {
        if (c.at != absent) return failure(lines.where() + "column \"" + c.name + "\" twice");
        c.at = i;
      }
  if (fields.empty() || fields[0] != "time" || columns[ghi].at == absent)
    return failure(lines.where() + "wants the columns \"time\" (first) and \"ghi\"");
  return {};
}

Result<Row> read_row(const CsvLines& lines, const Fields& fields,
                     const std::array<Column, quantities>& columns) {
  const std::string_view when = fields.empty() ? std::string_view{} : fields[0];
  const auto unix_ms = time_in(when);
  if (!unix_ms)
    return failure(lines.wrong("time", when, "a time such as 2026-06-21T00:00:00+02:00"));
  Row row{*unix_ms, {}};
  for (std::size_t q = 0; q < quantities; ++q) {
    const Column& c = columns[q];
    row.value[q] = c.fallback;
    if (c.at == absent) continue;
    const std::string_view found = c.at < fields.size() ? fields[c.at] : std::string_view{};
    const auto value = csv_number(found);
    const auto text = [](double v) { return std::to_string(static_cast<int>(v)); };
    if (!value || *value < c.low || *value > c.high)
      return failure(lines.wrong(c.name, found, "a number " + text(c.low) + " to " + text(c.high)));
    row.value[q] = *value;
  }
  return row;
}

// Where a row stands: one interval after the one before.
Result<void> check_time(const CsvLines& lines, std::string_view found, const Row& row,
                        WeatherRecord& out) {
  const auto count = static_cast<std::int64_t>(out.values.size());
  if (count == 0) out.begin_unix_ms = row.unix_ms;
  if (count == 1) {
    out.interval_ms = row.unix_ms - out.begin_unix_ms;
    if (out.interval_ms < ms_per_minute || out.interval_ms > 60 * ms_per_minute ||
        out.interval_ms % ms_per_minute != 0 || ledger::ms_per_day % out.interval_ms != 0)
      return failure(
          lines.wrong("time", found, "the first time and 1 to 60 whole minutes that divide a day"));
  }
  const std::int64_t due = out.begin_unix_ms + count * out.interval_ms;
  if (count > 1 && row.unix_ms != due)
    return failure(lines.wrong("time", found, ledger::to_rfc3339({due, 0}) + ", one interval on"));
  return {};
}

Irradiance light_of(const Row& row, bool measured, const WeatherRecord& record) {
  if (measured) return {row.value[ghi], row.value[dhi], row.value[dni]};
  const std::int64_t middle = row.unix_ms + record.interval_ms / 2;
  return split_ghi(row.value[ghi], sun_over(record.place, days_since_new_year(middle)));
}

}  // namespace

Result<WeatherRecord> read_irradiance(std::string_view text, const std::string& file,
                                      const Place& place) {
  CsvLines lines(text, file);
  Fields fields;
  std::array<Column, quantities> columns{{{"ghi", 0, 2000, 0},
                                          {"dni", 0, 1500, 0},
                                          {"dhi", 0, 1500, 0},
                                          {"temperature", -90, 60, 15},
                                          {"wind", 0, 100, 1}}};
  if (auto ok = find_columns(lines, fields, columns); !ok) return failure(ok.error());
  const bool measured = columns[dni].at != absent && columns[dhi].at != absent;
  WeatherRecord out;
  out.file = file;
  out.place = place;
  out.read_at = 0.5;
  std::vector<Row> rows;
  while (lines.next(fields)) {
    if (rows.size() == max_rows)
      return failure(lines.where() + "found more than " + std::to_string(max_rows) + " rows");
    const auto row = read_row(lines, fields, columns);
    if (!row) return failure(row.error());
    if (auto ok = check_time(lines, fields[0], *row, out); !ok) return failure(ok.error());
    out.values.push_back({{}, row->value[temperature], row->value[wind]});
    rows.push_back(*row);
  }
  if (static_cast<std::int64_t>(rows.size()) * out.interval_ms < ledger::ms_per_day ||
      rows.size() < 2)
    return failure(lines.where() + "ends after " + std::to_string(rows.size()) +
                   " rows; wants at least a day");
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.values[i].light = light_of(rows[i], measured, out);
  return out;
}

}  // namespace twin
