#pragma once
// The few words of MATLAB that a MATPOWER case file is made of, carried out as they are read:
//
//   function NAME = CASE      mpc.FIELD = expression;      NAME = expression;
//   mpc.FIELD(rows, columns) = expression;    [A, B, ...] = idx_bus | idx_brch | idx_gen |
//   idx_cost; define_constants          end, return (last word only)
//
// Expressions: numbers, texts, [matrices], {cells of texts and numbers}, names, fields, indices (a
// number, a list, a range a:b, or :), + - * / ^ .* ./ .^ ', sqrt sin cos tan asin acos atan exp log
// abs, pi Inf NaN eps. A product or quotient of two matrices and every other word is refused with
// its line. Comments (% and #, also %{ ... %}), continuation (...) and line ends are MATLAB's own.
// Bounds: 64 MiB of text, 64 levels of brackets, 50 million numbers computed or copied in all.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.hpp"

namespace twin {

// A matrix, a text, or a cell array (of texts; numbers in it stand as they are written).
struct MatlabValue {
  enum class Kind : std::uint8_t { matrix, text, cell };
  Kind kind = Kind::matrix;
  std::size_t rows = 0, columns = 0;
  std::vector<double> numbers;           // row by row
  std::vector<std::string> texts;        // one, or the cell's entries
  std::vector<std::uint32_t> row_lines;  // of a matrix as it was written; else empty
  std::uint32_t line = 0;                // of the statement that made it

  double at(std::size_t row, std::size_t column) const { return numbers[row * columns + column]; }
  bool is_number() const { return kind == Kind::matrix && rows == 1 && columns == 1; }
};

// The fields of the structure that the function gives back. Errors begin with "file:line: ".
ledger::Result<std::map<std::string, MatlabValue>> run_matlab(std::string_view text,
                                                              const std::string& file);

}  // namespace twin
