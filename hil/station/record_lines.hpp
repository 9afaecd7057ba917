#pragma once
// Lines out of a stream of bytes that come in any pieces. Memory is bounded: of a line that is
// longer than allowed nothing is kept, and it is told once.

#include <string>
#include <string_view>
#include <vector>

namespace hil {

class RecordLines {
 public:
  explicit RecordLines(std::size_t longest) : longest_(longest) {}

  struct Line {
    std::string text;  // without its newline, else as it came; empty where it is too long
    bool too_long = false;
  };
  // The lines that these bytes end, in their order; of white space alone there are none.
  std::vector<Line> take(std::string_view bytes);

  // The stream broke off: its last line will not end.
  void begin_anew();

 private:
  void add(std::string_view part);

  std::size_t longest_;
  std::string line_;
  bool too_long_ = false;
};

}  // namespace hil
