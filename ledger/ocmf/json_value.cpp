#include "ledger/ocmf/json_value.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ledger {
namespace {

using nlohmann::json;

// Makes the tree from the parser's events. The values that are open lie on the stack; only the last
// one's items grow, so that the pointers stay good.
class Builder final : public nlohmann::json_sax<json> {
 public:
  explicit Builder(std::size_t max_depth) : max_depth_(max_depth) {}

  bool null() override { return add(JsonValue::Kind::null, ""); }
  bool boolean(bool v) override { return add(JsonValue::Kind::boolean, v ? "true" : "false"); }
  bool number_integer(number_integer_t v) override { return add_number(std::to_string(v)); }
  bool number_unsigned(number_unsigned_t v) override { return add_number(std::to_string(v)); }
  bool number_float(number_float_t, const string_t& text) override { return add_number(text); }
  bool string(string_t& text) override { return add(JsonValue::Kind::text, std::move(text)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(JsonValue::Kind::object); }
  bool start_array(std::size_t) override { return open(JsonValue::Kind::list); }
  bool end_array() override { return close(); }
  bool key(string_t& text) override {
    open_.back()->keys.push_back(std::move(text));
    return true;
  }
  bool end_object() override {
    std::vector<std::string_view> keys(open_.back()->keys.begin(), open_.back()->keys.end());
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) == keys.end()) return close();
    wrong_ = "a key stands twice in an object";
    return false;
  }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    wrong_ = "is not JSON at its byte " + std::to_string(position);
    return false;
  }

  Result<JsonValue> result(bool parsed) {
    if (!parsed) return failure(wrong_);
    return std::move(root_);
  }

 private:
  JsonValue* place(JsonValue::Kind kind) {
    JsonValue* value = open_.empty() ? &root_ : &open_.back()->items.emplace_back();
    value->kind = kind;
    return value;
  }
  bool add(JsonValue::Kind kind, std::string text) {
    place(kind)->text = std::move(text);
    return true;
  }
  bool add_number(std::string text) { return add(JsonValue::Kind::number, std::move(text)); }
  bool open(JsonValue::Kind kind) {
    if (open_.size() == max_depth_) {
      wrong_ = "is nested deeper than " + std::to_string(max_depth_);
      return false;
    }
    open_.push_back(place(kind));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::size_t max_depth_;
  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string wrong_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto at = std::find(keys.begin(), keys.end(), key);
  return at == keys.end() ? nullptr : &items[static_cast<std::size_t>(at - keys.begin())];
}

std::string_view name_of(JsonValue::Kind kind) {
  constexpr std::string_view names[] = {"null",   "a boolean", "a number",
                                        "a text", "a list",    "an object"};
  return names[static_cast<std::size_t>(kind)];
}

Result<JsonValue> parse_json(std::string_view text, std::size_t max_depth) {
  // The parser takes a zero byte for the end of its input, and skips a byte order mark.
  if (const auto zero = text.find('\0'); zero != std::string_view::npos)
    return failure("is not JSON at its byte " + std::to_string(zero + 1));
  if (text.starts_with("\xEF\xBB\xBF")) return failure("is not JSON at its byte 1");
  Builder builder(max_depth);
  const bool parsed = json::sax_parse(text.begin(), text.end(), &builder);
  return builder.result(parsed);
}

}  // namespace ledger
