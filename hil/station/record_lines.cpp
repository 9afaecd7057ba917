#include "hil/station/record_lines.hpp"

#include <utility>

namespace hil {

void RecordLines::add(std::string_view part) {
  if (too_long_) return;
  too_long_ = line_.size() + part.size() > longest_;
  if (too_long_)
    line_.clear();
  else
    line_ += part;
}

std::vector<RecordLines::Line> RecordLines::take(std::string_view bytes) {
  std::vector<Line> out;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    add(bytes.substr(0, end));
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    const bool blank = line_.find_first_not_of(" \t\r") == std::string::npos;
    if (too_long_ || !blank) out.push_back({std::move(line_), too_long_});
    begin_anew();
  }
  return out;
}

void RecordLines::begin_anew() {
  line_.clear();
  too_long_ = false;
}

}  // namespace hil
