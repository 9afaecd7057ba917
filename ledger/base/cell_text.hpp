#pragma once
// Cells of text tables from outside: without the blanks around them, and as messages show them.

#include <string>
#include <string_view>

namespace ledger {

// Without blanks, tabs and carriage returns at both ends.
std::string_view trimmed(std::string_view cell);

// In quotes: the first 40 bytes, `...` behind them where there are more, `?` for each that is not
// printable ASCII.
std::string shown_cell(std::string_view cell);

}  // namespace ledger
