#pragma once
// Takes text apart into lines and lines into comma-separated fields, without copying. Quotes around
// a field are taken off; a comma between them does not part fields.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twin {

class CsvLines {
 public:
  CsvLines(std::string_view text, std::string file) : rest_(text), file_(std::move(file)) {}

  // The next line's fields; false at the end. A line with more than `max_fields` keeps the first.
  bool next(std::vector<std::string_view>& fields);
  // "file:line: " of the last line.
  std::string where() const;
  // "file:line: column: found "x"; wants WANTS".
  std::string wrong(std::string_view column, std::string_view found,
                    const std::string& wants) const;

  static constexpr std::size_t max_fields = 256;

 private:
  std::string_view rest_;
  std::string file_;
  std::size_t number_ = 0;
};

// A whole field as a finite number, spaces around it aside.
std::optional<double> csv_number(std::string_view field);
// At most 40 characters of a field, unprintable ones as '?'.
std::string csv_shown(std::string_view field);

}  // namespace twin
