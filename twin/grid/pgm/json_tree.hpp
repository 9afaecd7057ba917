#pragma once
// A JSON text (RFC 8259) as a tree of places in it, so that whoever reads it can name the line and
// column of what is wrong. Values stay in the text until they are asked for.
// Bounds: 64 MiB, 8 million values, 32 levels.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.hpp"

namespace twin {

class JsonTree {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, text, array, object };
  using Place = std::uint32_t;  // of a value; the root is 0

  // Errors begin with "file:line:column: ".
  static ledger::Result<JsonTree> parse(std::string text, std::string file);

  Kind kind(Place v) const { return nodes_[v].kind; }
  // The children of an array or object: from first_child(v), on by next(), until next(v) itself.
  Place first_child(Place v) const { return v + 1; }
  Place next(Place v) const { return nodes_[v].next; }
  std::size_t child_count(Place v) const;

  std::string_view key(Place v) const;  // of an object's child, without quotes, escapes as written
  // A number's or word's characters; a text's without quotes, escapes as written.
  std::string_view raw(Place v) const;
  double number(Place v) const;  // of a number: finite

  std::string where(Place v) const;  // "file:line:column"
  std::string shown(Place v) const;  // the value in an error message, cut short

 private:
  struct Node {
    std::uint32_t at = 0, length = 0, key_at = 0, key_length = 0, next = 0;
    Kind kind = Kind::null;
  };
  class Parser;

  std::string text_, file_;
  std::vector<Node> nodes_;
};

}  // namespace twin
