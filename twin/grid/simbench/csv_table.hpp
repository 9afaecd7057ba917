#pragma once
// A table of text: a heading, then rows of as many cells, parted by semicolons. Private to the
// readers of such files. Bounds: 256 MiB, 4 million cells (max_cells).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.hpp"

namespace twin {

class CsvTable {
 public:
  // Only these columns are kept where any are named. Errors: "file:line: ...".
  static ledger::Result<CsvTable> parse(std::string text, std::string file,
                                        const std::vector<std::string>& wanted = {});

  std::size_t rows() const { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }
  // The column of that name; none: absent.
  static constexpr std::size_t absent = SIZE_MAX;
  std::size_t column(std::string_view name) const;
  const std::vector<std::string>& columns() const { return columns_; }
  std::string_view cell(std::size_t row, std::size_t column) const {
    return cells_[row * columns_.size() + column];
  }
  std::string where(std::size_t row) const;  // "file:line"
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::unique_ptr<std::string> text_;  // `cells_` looks into it
  std::vector<std::string> columns_;
  std::vector<std::string_view> cells_;
  std::vector<std::uint32_t> lines_;  // by row
};

// A finite number, all of the text; else nothing.
std::optional<double> number_of(std::string_view text);

}  // namespace twin
