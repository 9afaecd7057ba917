#pragma once
// Reads one table of a TOML file key by key, and knows in the end which keys nobody asked for.
// The first thing wrong stands in `Problem`: file, line, column, key, what was found and what is
// allowed. For the .cpp files of readers alone: it shows toml++.

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <toml++/toml.h>
#include <vector>

#include "ledger/base/result.hpp"
#include "ledger/base/time.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {

// The root of a text; the error names file, line and column. Depth is bounded (toml_depth.hpp).
ledger::Result<toml::table> parse_toml(std::string_view text, const std::string& file);

struct Problem {
  std::string message;       // empty: none
  bool unknown_key = false;  // these come before all others: a misspelt key's default may trip them
  bool any() const { return !message.empty(); }
};

struct Range {
  double low = 0, high = 0;
};

// What may name a scenario or a site: a-z, 0-9, _ and -, 1 to 64 of them.
bool is_plain_name(const std::string& text);

// The value at the name's place among all of an enum's, which it is one of.
template <class Enum>
Enum enum_named(const std::string& name, const std::vector<std::string>& names) {
  return static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
}

class TomlTable {
 public:
  // `table` may be null: a table that is not in the file, whose keys all take their defaults.
  TomlTable(const toml::table* table, std::string path, std::string file, Problem& problem)
      : table_(table), path_(std::move(path)), file_(std::move(file)), problem_(&problem) {}

  bool present() const { return table_ != nullptr; }
  bool has(std::string_view key) const { return table_ && table_->contains(key); }

  // Whether the key holds exactly this text; asks for the key.
  bool is_text(std::string_view key, std::string_view value) {
    const toml::node* node = find(key);
    return node && node->value_exact<std::string_view>() == value;
  }

  bool is_table(std::string_view key) const {
    return table_ && table_->contains(key) && table_->at(key).is_table();
  }

  double number(std::string_view key, double fallback, double low, double high);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t low,
                       std::int64_t high);
  bool boolean(std::string_view key, bool fallback);
  std::string text(std::string_view key, const std::string& fallback);
  std::string one_of(std::string_view key, const std::string& fallback,
                     const std::vector<std::string>& allowed);
  // A text or a list of them, each an allowed one and at most once; empty where there is no key.
  std::vector<std::string> some_of(std::string_view key, const std::vector<std::string>& allowed);
  ledger::Duration duration(std::string_view key, ledger::Duration fallback);  // above zero
  ledger::CivilTime time(std::string_view key, ledger::CivilTime fallback);
  // A number, or [low, high].
  Range range(std::string_view key, Range fallback, double low, double high);
  // A text, or a list of at most `most` of them; empty where the key is missing.
  std::vector<std::string> texts(std::string_view key, std::size_t most);
  // A list of 1 to `most` whole numbers; empty where the key is missing or refused.
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t low, std::int64_t high,
                                     std::size_t most);
  // A number, as a matrix of one; or a square one of rows of numbers, of at most `most` rows. Empty
  // where the key is missing or refused.
  std::vector<std::vector<double>> matrix(std::string_view key, double low, double high,
                                          std::size_t most);
  // EUR, of a kWh or what the key says, with at most six decimals, as micro-euro.
  std::int64_t micro_eur(std::string_view key, std::int64_t fallback, double low = -100,
                         double high = 100);

  TomlTable table(std::string_view key);
  std::vector<TomlTable> tables(std::string_view key);  // of an array of tables

  // Refuses keys that were not asked for, naming the nearest one that was.
  void close();
  // An error at a key (or at the table itself, for an empty key).
  void fail(std::string_view key, const std::string& what);
  // The same with what was found there: "found X; wants ...".
  void refuse(std::string_view key, const std::string& wants);
  // "file:line:column: key", for errors that are found later.
  std::string where(std::string_view key) const;

 private:
  const toml::node* find(std::string_view key);
  std::string full(std::string_view key) const;
  void fail_unknown(std::string_view key, const std::string& value,
                    const std::vector<std::string>& allowed);

  const toml::table* table_;
  std::string path_, file_;
  Problem* problem_;
  std::vector<std::string> asked_;
};

}  // namespace twin
