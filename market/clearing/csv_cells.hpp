#pragma once
// The cells of a line of CSV: parted by commas; blanks around a cell are let pass, and it may stand
// in double quotes ("" is a quote within).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace market {

struct Cells {
  std::vector<std::string> kept;
  std::size_t count = 0;
};

// Nothing where a quote is not closed, or is followed by something else. More cells than `most` are
// counted, not kept.
std::optional<Cells> cells_of(std::string_view line, std::size_t most);

// UTF-8 without control characters.
bool is_plain_text(std::string_view cell);

}  // namespace market
