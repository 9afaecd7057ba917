#pragma once
// The words and values of OpenDSS scripts (OpenDSS manual, "Syntax"; property values as its text
// parser takes them).
//
//   line      words separated by blanks, tabs and commas: `value`, `name=value`
//   value     bare, or between ( ), [ ], { }, " ", ' ': up to the first closing character
//   comment   from ! or // to the end of the line, not inside a quoted value
//   number    1.5e3, or in reverse Polish notation: (.5 1000 /) is 0.0005
//   array     numbers or words; an entry may be quoted: [(8 1000 /) 2]
//   matrix    rows separated by |, the lower triangle or all of it; the lower triangle counts

#include <complex>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.hpp"

namespace twin {

struct DssWord {
  std::string name;   // lower case; empty: by position
  std::string value;  // without its quotes
};

std::string lower_case(std::string_view text);

// Failures say what was found; where it stands is the caller's to say.
ledger::Result<std::vector<DssWord>> dss_words(std::string_view line);
ledger::Result<double> dss_number(std::string_view text);
ledger::Result<std::vector<double>> dss_numbers(std::string_view text);
ledger::Result<std::vector<std::string>> dss_list(std::string_view text);
ledger::Result<bool> dss_flag(std::string_view text);  // yes, no, true, false, 1, 0

// A symmetrical matrix of `order` rows, row after row.
ledger::Result<std::vector<double>> dss_matrix(std::string_view text, std::size_t order);

// A pattern that is looked for in names, regardless of case. Of regular expressions: . [a-z] [^a-z]
// ^ $ and * + ? after one of them; at most 128 characters. Looking takes time of pattern times
// name.
class DssPattern {
 public:
  static ledger::Result<DssPattern> parse(std::string_view text);
  bool is_in(std::string_view name) const;

 private:
  struct Atom {       // characters that fit, and how often they may come
    std::string set;  // of [ ]; empty: `only`, or any character where that is 0
    char only = 0;
    bool excluded = false;
    char times = '1';  // 1 * + ?
    bool fits(char c) const;
  };
  void spread(std::vector<char>& places) const;

  std::vector<Atom> atoms_;
  bool from_start_ = false, to_end_ = false;
};

}  // namespace twin
