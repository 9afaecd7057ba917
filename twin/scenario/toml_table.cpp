#include "twin/scenario/toml_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "twin/scenario/toml_depth.hpp"

namespace twin {
namespace {

// A limit, or a value.
std::string shown(double v) {
  std::array<char, 40> out{};
  const int n = std::snprintf(out.data(), out.size(), "%.10g", v);
  return {out.data(), static_cast<std::size_t>(n)};
}

// 5.0 is not 5 where a whole number is wanted.
std::string with_decimals(double v) {
  const std::string text = shown(v);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

std::string shown(const toml::node& node);

// The first few of an array.
std::string shown(const toml::array& array) {
  std::string out;
  for (std::size_t i = 0; i < array.size() && i < 4; ++i)
    out += (i == 0 ? "" : ", ") + shown(array[i]);
  return "[" + out + (array.size() > 4 ? ", ...]" : "]");
}

std::string shown(const toml::node& node) {
  if (const auto* s = node.as_string()) return "\"" + cut(s->get()) + "\"";
  if (const auto* i = node.as_integer()) return std::to_string(i->get());
  if (const auto* f = node.as_floating_point()) return with_decimals(f->get());
  if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
  if (const auto* a = node.as_array()) return shown(*a);
  if (node.is_table()) return "a table";
  return "a date or time";
}

}  // namespace

ledger::Result<toml::table> parse_toml(std::string_view text, const std::string& file) {
  if (const auto line = too_deep_key(text))
    return ledger::failure(file + ":" + std::to_string(*line) + ": found a key with more than " +
                           std::to_string(max_key_depth) + " dots; no key has more than two");
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& e) {
    return ledger::failure(file + ":" + std::to_string(e.source().begin.line) + ":" +
                           std::to_string(e.source().begin.column) +
                           ": not TOML: " + std::string(e.description()));
  }
}

bool is_plain_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string TomlTable::full(std::string_view key) const {
  if (path_.empty()) return std::string(key);
  return key.empty() ? path_ : path_ + "." + std::string(key);
}

std::string TomlTable::where(std::string_view key) const {
  const toml::node* node = table_ && !key.empty() ? table_->get(key) : nullptr;
  if (!node) node = table_;
  std::string at = file_;
  if (node && node->source().path) at = *node->source().path;
  // What did not come from the file has no place in it: the command line put it there.
  if (node && node->source().begin.line == 0) at = "--set";
  if (node && !at.starts_with("--"))
    at += ":" + std::to_string(node->source().begin.line) + ":" +
          std::to_string(node->source().begin.column);
  return at + ": " + full(key);
}

void TomlTable::fail(std::string_view key, const std::string& what) {
  if (!problem_->any()) problem_->message = where(key) + ": " + what;
}

void TomlTable::refuse(std::string_view key, const std::string& wants) {
  const toml::node* node = table_ ? table_->get(key) : nullptr;
  fail(key, (node ? "found " + shown(*node) : "missing") + "; wants " + wants);
}

const toml::node* TomlTable::find(std::string_view key) {
  asked_.emplace_back(key);
  return table_ ? table_->get(key) : nullptr;
}

double TomlTable::number(std::string_view key, double fallback, double low, double high) {
  const toml::node* node = find(key);
  if (!node) return fallback;
  const auto value = node->value_exact<double>() ? node->value_exact<double>()
                     : node->is_integer()        ? node->value<double>()
                                                 : std::nullopt;
  if (!value || !std::isfinite(*value) || *value < low || *value > high) {
    refuse(key, "a number from " + shown(low) + " to " + shown(high));
    return fallback;
  }
  return *value;
}

std::int64_t TomlTable::integer(std::string_view key, std::int64_t fallback, std::int64_t low,
                                std::int64_t high) {
  const toml::node* node = find(key);
  if (!node) return fallback;
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < low || *value > high) {
    refuse(key, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return fallback;
  }
  return *value;
}

bool TomlTable::boolean(std::string_view key, bool fallback) {
  const toml::node* node = find(key);
  if (!node) return fallback;
  const auto value = node->value_exact<bool>();
  if (!value) refuse(key, "true or false");
  return value.value_or(fallback);
}

std::string TomlTable::text(std::string_view key, const std::string& fallback) {
  const toml::node* node = find(key);
  if (!node) return fallback;
  const auto value = node->value_exact<std::string>();
  if (!value || value->size() > 4096) {
    refuse(key, "a text of at most 4,096 characters");
    return fallback;
  }
  return *value;
}

std::string TomlTable::one_of(std::string_view key, const std::string& fallback,
                              const std::vector<std::string>& allowed) {
  const std::string value = text(key, fallback);
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  fail_unknown(key, value, allowed);
  return fallback;
}

std::vector<std::string> TomlTable::some_of(std::string_view key,
                                            const std::vector<std::string>& allowed) {
  const auto out = texts(key, allowed.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto here = out.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(allowed.begin(), allowed.end(), out[i]) == allowed.end())
      fail_unknown(key, out[i], allowed);
    else if (std::find(out.begin(), here, out[i]) != here)
      fail(key, "found \"" + out[i] + "\" twice");
  }
  return out;
}

void TomlTable::fail_unknown(std::string_view key, const std::string& value,
                             const std::vector<std::string>& allowed) {
  std::string list;
  for (const std::string& a : allowed) list += (list.empty() ? "\"" : ", \"") + a + "\"";
  const std::string near = nearest(cut(value), allowed);
  fail(key, "found \"" + cut(value) + "\"; allowed: " + list +
                (near.empty() ? "" : " (did you mean \"" + near + "\"?)"));
}

ledger::Duration TomlTable::duration(std::string_view key, ledger::Duration fallback) {
  const toml::node* node = find(key);
  if (!node) return fallback;
  const auto value = node->value_exact<std::string>();
  const auto parsed = value ? ledger::parse_duration(*value) : std::nullopt;
  if (!parsed || parsed->ns <= 0) {
    refuse(key, "a duration above zero such as \"90s\", \"15m\", \"2h\" or \"1d\"");
    return fallback;
  }
  return *parsed;
}

ledger::CivilTime TomlTable::time(std::string_view key, ledger::CivilTime fallback) {
  const toml::node* node = find(key);
  if (!node) return fallback;
  const auto value = node->value_exact<std::string>();
  const auto parsed = value ? ledger::from_rfc3339(*value) : std::nullopt;
  if (!parsed) {
    refuse(key,
           "an RFC 3339 time with its offset, to the millisecond at most, in quotes, such as "
           "\"2026-06-21T00:00:00+02:00\"");
    return fallback;
  }
  return *parsed;
}

Range TomlTable::range(std::string_view key, Range fallback, double low, double high) {
  const toml::node* node = table_ ? table_->get(key) : nullptr;
  const toml::array* pair = node ? node->as_array() : nullptr;
  if (!pair) {
    const double v = number(key, std::numeric_limits<double>::quiet_NaN(), low, high);
    return node && !std::isnan(v) ? Range{v, v} : fallback;
  }
  find(key);
  const auto a = pair->size() == 2 ? (*pair)[0].value<double>() : std::nullopt;
  const auto b = pair->size() == 2 ? (*pair)[1].value<double>() : std::nullopt;
  if (!a || !b || !(*a >= low) || !(*b <= high) || !(*a <= *b)) {
    refuse(key, "a number or [low, high] from " + shown(low) + " to " + shown(high));
    return fallback;
  }
  return {*a, *b};
}

std::vector<std::string> TomlTable::texts(std::string_view key, std::size_t most) {
  const toml::node* node = table_ ? table_->get(key) : nullptr;
  const toml::array* list = node ? node->as_array() : nullptr;
  if (!list) {
    const std::string one = text(key, "");
    return one.empty() ? std::vector<std::string>{} : std::vector<std::string>{one};
  }
  find(key);
  std::vector<std::string> out;
  for (const toml::node& entry : *list)
    if (const auto value = entry.value_exact<std::string>(); value && value->size() <= 4096)
      out.push_back(*value);
  if (out.size() != list->size() || out.empty() || out.size() > most) {
    refuse(key, "a text or a list of 1 to " + std::to_string(most) + " texts");
    out.clear();
  }
  return out;
}

std::vector<std::int64_t> TomlTable::integers(std::string_view key, std::int64_t low,
                                              std::int64_t high, std::size_t most) {
  const toml::node* node = find(key);
  if (!node) return {};
  const toml::array* list = node->as_array();
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; list && i < list->size(); ++i)
    if (const auto value = (*list)[i].value_exact<std::int64_t>();
        value && *value >= low && *value <= high)
      out.push_back(*value);
  if (list && !out.empty() && out.size() == list->size() && out.size() <= most) return out;
  refuse(key, "a list of 1 to " + std::to_string(most) + " whole numbers from " +
                  std::to_string(low) + " to " + std::to_string(high));
  return {};
}

std::vector<std::vector<double>> TomlTable::matrix(std::string_view key, double low, double high,
                                                   std::size_t most) {
  const toml::node* node = table_ ? table_->get(key) : nullptr;
  const toml::array* rows = node ? node->as_array() : nullptr;
  if (!rows) {
    const double one = number(key, std::numeric_limits<double>::quiet_NaN(), low, high);
    if (std::isnan(one)) return {};
    return {{one}};
  }
  find(key);
  std::vector<std::vector<double>> out;
  bool square = !rows->empty() && rows->size() <= most;
  for (std::size_t r = 0; square && r < rows->size(); ++r) {
    const toml::array* row = rows->get(r)->as_array();
    square = row && row->size() == rows->size();
    out.emplace_back();
    for (std::size_t c = 0; square && c < row->size(); ++c) {
      const toml::node& entry = *row->get(c);
      const auto value = entry.is_number() ? entry.value<double>() : std::nullopt;
      square = value && *value >= low && *value <= high;
      out.back().push_back(value.value_or(0));
    }
  }
  if (square) return out;
  refuse(key, "a number from " + shown(low) + " to " + shown(high) +
                  ", or as many rows of such numbers as each has, at most " + std::to_string(most));
  return {};
}

std::int64_t TomlTable::micro_eur(std::string_view key, std::int64_t fallback, double low,
                                  double high) {
  const double eur = number(key, static_cast<double>(fallback) * 1e-6, low, high);
  const double micro = std::round(eur * 1e6);
  if (std::abs(eur * 1e6 - micro) > 1e-3) refuse(key, "at most six decimals");
  return static_cast<std::int64_t>(micro);
}

TomlTable TomlTable::table(std::string_view key) {
  const toml::node* node = find(key);
  if (node && !node->is_table()) refuse(key, "a table");
  return {node ? node->as_table() : nullptr, full(key), file_, *problem_};
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  std::vector<TomlTable> out;
  const toml::node* node = find(key);
  if (!node) return out;
  const toml::array* array = node->as_array();
  if (!array || !array->is_homogeneous(toml::node_type::table)) {
    refuse(key, "tables, written [[" + full(key) + "]]");
    return out;
  }
  for (const toml::node& t : *array) out.emplace_back(t.as_table(), full(key), file_, *problem_);
  return out;
}

void TomlTable::close() {
  if (!table_) return;
  for (const auto& [key, node] : *table_) {
    const std::string name(key.str());
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    const std::string near = nearest(cut(name), asked_);
    if (problem_->unknown_key) return;
    problem_->unknown_key = true;
    std::string known;
    for (const std::string& k : asked_) known += (known.empty() ? "" : ", ") + k;
    // The key itself, not its value, is what stands in the wrong place.
    std::string at = file_;
    if (key.source().path) at = *key.source().path;
    if (!at.starts_with("--"))
      at += ":" + std::to_string(key.source().begin.line) + ":" +
            std::to_string(key.source().begin.column);
    problem_->message = at + ": " + full(cut(name)) + ": unknown key; " +
                        (near.empty() ? "known here: " + known : "did you mean \"" + near + "\"?");
  }
}

}  // namespace twin
