#include "twin/scenario/override.hpp"

#include <charconv>
#include <optional>

#include "ledger/base/time.hpp"
#include "twin/scenario/toml_depth.hpp"
#include "twin/scenario/toml_table.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// One "key = value" as a table.
std::optional<toml::table> pair_of(const std::string& key, const std::string& value,
                                   const std::string& option) {
  const std::string text = key + " = " + value;
  if (too_deep_key(text)) return std::nullopt;
  try {
    toml::table pair = toml::parse(text, option);
    if (pair.size() == 1) return pair;
  } catch (const toml::parse_error&) {
    // Not TOML as it stands.
  }
  return std::nullopt;
}

// A value that is not TOML is text, and so is a time, which a scenario has in quotes.
std::optional<toml::table> table_of(const Override& o) {
  if (!ledger::from_rfc3339(o.value))
    if (auto pair = pair_of(o.key, o.value, o.option)) return pair;
  return pair_of(o.key, in_quotes(o.value), o.option);
}

// The table of a list of tables that a key names by its number, from 0 on.
toml::table* numbered(toml::array& list, std::string_view key) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc{} || end != key.data() + key.size() || number >= list.size())
    return nullptr;
  return list[number].as_table();
}

}  // namespace

Result<void> apply(const Override& o, toml::table& root) {
  auto one = table_of(o);
  if (!one)
    return failure(o.option + " " + cut(o.key) + "=" + cut(o.value) +
                   ": wants key=value with a dotted key such as time.duration");
  toml::table* into = &root;
  toml::table* from = &*one;
  while (true) {
    const auto first = from->begin();
    const toml::key key = first->first;
    toml::node& node = first->second;
    toml::table* deeper = node.as_table();
    toml::table* below = (*into)[key.str()].as_table();
    if (toml::array* list = (*into)[key.str()].as_array(); list && deeper && !deeper->is_inline()) {
      below = numbered(*list, deeper->begin()->first.str());
      deeper = deeper->begin()->second.as_table();
      if (!below || !deeper || deeper->is_inline())
        return failure(o.option + " " + cut(o.key) + ": " + std::string(key.str()) +
                       " is a list of " + std::to_string(list->size()) +
                       "; wants the number of one of its tables, from 0 on, and a key of it");
    }
    if (!deeper || !below || deeper->is_inline()) {
      into->insert_or_assign(key, std::move(node));  // a copy would not know where it came from
      return {};
    }
    into = below;
    from = deeper;
  }
}

}  // namespace twin
