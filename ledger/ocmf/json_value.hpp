#pragma once
// JSON (RFC 8259) as signed records need it: a number keeps its text, since what was signed has as
// many digits as it has; a key that stands twice in an object is refused, since two readers could
// take two different values; depth and, through the text's own bound, memory are limited.

#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.hpp"

namespace ledger {

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  std::string text;              // of a boolean or number as it stands, of a text unescaped (UTF-8)
  std::vector<JsonValue> items;  // of a list or an object
  std::vector<std::string> keys;  // of an object, one an item

  // Nothing where there is no such key.
  const JsonValue* find(std::string_view key) const;
};

// "an object", "a number": for messages.
std::string_view name_of(JsonValue::Kind kind);

// One value and white space around it. Fails with what is wrong, and where.
Result<JsonValue> parse_json(std::string_view text, std::size_t max_depth);

}  // namespace ledger
