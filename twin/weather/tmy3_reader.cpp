#include "twin/weather/tmy3_reader.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "twin/weather/csv_line.hpp"

namespace twin {
namespace {

using ledger::failure;
using ledger::Result;
using Fields = std::vector<std::string_view>;

constexpr std::size_t hours = 8760;
constexpr std::array<int, 12> days_of{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

struct HourColumn {
  const char* name;
  double low, high;
  std::size_t at = 0;  // its place in a line
};

Result<double> number_in(const CsvLines& lines, const Fields& fields, const HourColumn& c) {
  const std::string_view found = c.at < fields.size() ? fields[c.at] : std::string_view{};
  const auto value = csv_number(found);
  if (value && *value >= c.low && *value <= c.high) return *value;
  const auto text = [](double v) { return std::to_string(static_cast<int>(v)); };
  return failure(lines.wrong(c.name, found, "a number " + text(c.low) + " to " + text(c.high)));
}

Result<void> read_site(CsvLines& lines, Fields& fields, WeatherRecord& out) {
  lines.next(fields);
  if (fields.size() < 7)
    return failure(lines.where() + "found " + std::to_string(fields.size()) +
                   " fields; wants a TMY3 site: number, name, state, zone, latitude, longitude, "
                   "elevation");
  const auto zone = number_in(lines, fields, {"time zone", -12, 14, 3});
  const auto latitude = number_in(lines, fields, {"latitude", -90, 90, 4});
  const auto longitude = number_in(lines, fields, {"longitude", -180, 180, 5});
  for (const auto* value : {&zone, &latitude, &longitude})
    if (!*value) return failure(value->error());
  out.zone_minutes = static_cast<std::int32_t>(std::lround(*zone * 60));
  out.place = {*latitude, *longitude};
  return {};
}

Result<void> find_hour_columns(CsvLines& lines, Fields& fields,
                               std::array<HourColumn, 5>& columns) {
  lines.next(fields);
  for (HourColumn& c : columns) {
    while (c.at < fields.size() && fields[c.at] != c.name) ++c.at;
    if (c.at == fields.size())
      return failure(lines.where() + "no column \"" + c.name + "\"; wants the columns' names");
  }
  return {};
}

// The hour's end as the file writes it, without the year: "06/21" and "24:00".
Result<void> check_date(const CsvLines& lines, const Fields& fields, std::size_t hour) {
  std::size_t day = hour / 24, month = 0;
  while (day >= static_cast<std::size_t>(days_of[month]))
    day -= static_cast<std::size_t>(days_of[month++]);
  const auto two = [](std::size_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  const std::string date = two(month + 1) + "/" + two(day + 1) + "/";
  const std::string time = two(hour % 24 + 1) + ":00";
  const std::string_view found = fields.empty() ? std::string_view{} : fields[0];
  if (found.size() != 10 || !found.starts_with(date))
    return failure(lines.wrong("date", found, date + "YYYY, the hours of a year in order"));
  const std::string_view clock = fields.size() < 2 ? std::string_view{} : fields[1];
  if (clock != time) return failure(lines.wrong("time", clock, time));
  return {};
}

Result<WeatherValues> read_hour(const CsvLines& lines, const Fields& fields,
                                const std::array<HourColumn, 5>& columns) {
  std::array<double, 5> v{};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto value = number_in(lines, fields, columns[i]);
    if (!value) return failure(value.error());
    v[i] = *value;
  }
  return WeatherValues{{v[0], v[1], v[2]}, v[3], v[4]};
}

}  // namespace

Result<WeatherRecord> read_tmy3(std::string_view text, const std::string& file) {
  CsvLines lines(text, file);
  Fields fields;
  WeatherRecord out;
  out.file = file;
  out.typical_year = true;
  if (auto ok = read_site(lines, fields, out); !ok) return failure(ok.error());
  std::array<HourColumn, 5> columns{{{"GHI (W/m^2)", 0, 1500},
                                     {"DHI (W/m^2)", 0, 1500},
                                     {"DNI (W/m^2)", 0, 1500},
                                     {"Dry-bulb (C)", -90, 60},
                                     {"Wspd (m/s)", 0, 100}}};
  if (auto ok = find_hour_columns(lines, fields, columns); !ok) return failure(ok.error());
  out.values.reserve(hours);
  while (lines.next(fields)) {
    if (out.values.size() == hours) {
      if (fields.empty()) continue;
      return failure(lines.where() + "found more than the 8760 hours of a year");
    }
    if (auto ok = check_date(lines, fields, out.values.size()); !ok) return failure(ok.error());
    const auto hour = read_hour(lines, fields, columns);
    if (!hour) return failure(hour.error());
    out.values.push_back(*hour);
  }
  if (out.values.size() != hours)
    return failure(lines.where() + "ends after " + std::to_string(out.values.size()) +
                   " hours; wants the 8760 of a year");
  return out;
}

}  // namespace twin
