#include "market/receipt/receipt_part.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "market/receipt/receipt_checks.hpp"

namespace market {

using nlohmann::json;

namespace {

constexpr int max_depth = 8;

const json& json_at(const void* place) { return *static_cast<const json*>(place); }

[[noreturn]] void mistyped() { wrong("a value is missing or of another type"); }

}  // namespace

bool ReceiptPart::is_null() const { return json_at(json_).is_null(); }

bool ReceiptPart::is_list() const { return json_at(json_).is_array(); }

bool ReceiptPart::is_text(std::string_view text) const { return json_at(json_) == text; }

std::vector<std::string> ReceiptPart::keys() const {
  std::vector<std::string> out;
  if (json_at(json_).is_object())
    for (const auto& [key, value] : json_at(json_).items()) out.push_back(key);
  return out;
}

bool ReceiptPart::has(const char* key) const { return json_at(json_).contains(key); }

std::vector<ReceiptPart> ReceiptPart::items() const {
  std::vector<ReceiptPart> out;
  if (is_list())
    for (const json& item : json_at(json_)) out.push_back(ReceiptPart(&item));
  return out;
}

std::optional<std::uint64_t> ReceiptPart::number() const {
  const json& value = json_at(json_);
  return value.is_number_unsigned() ? std::optional(value.get<std::uint64_t>()) : std::nullopt;
}

std::string ReceiptPart::written() const { return json_at(json_).dump(); }

ReceiptPart ReceiptPart::at(const char* key) const {
  if (!has(key)) mistyped();
  return ReceiptPart(&json_at(json_).at(key));
}

const std::string& ReceiptPart::text() const {
  const auto* text = json_at(json_).get_ptr<const std::string*>();
  if (!text) mistyped();
  return *text;
}

Bytes ReceiptPart::hex(const char* key) const {
  const auto bytes = from_hex(at(key).text());
  if (!bytes) wrong(std::string(key) + ": is not lower-case hexadecimal");
  return *bytes;
}

std::uint64_t ReceiptPart::number(const char* key, std::uint64_t most) const {
  const auto value = at(key).number();
  if (!value || *value > most)
    wrong(std::string(key) + ": is not an integer of 0 to " + std::to_string(most));
  return *value;
}

// And not what a loop would take for one: null, an object, a value by itself.
std::vector<ReceiptPart> ReceiptPart::list(const char* key) const {
  want(at(key).is_list(), std::string(key) + ": is not a list");
  return at(key).items();
}

void ReceiptPart::only_keys(std::initializer_list<const char*> keys,
                            const std::string& name) const {
  want(json_at(json_).is_object() && json_at(json_).size() == keys.size() &&
           std::all_of(keys.begin(), keys.end(), [&](const char* k) { return has(k); }),
       name + ": does not hold exactly its keys");
}

struct ReceiptText::Tree {
  json root;
};

ReceiptText::ReceiptText(std::string_view text) : text_(text) {
  const auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= max_depth; };
  tree_ = std::make_unique<Tree>(Tree{json::parse(text, shallow, false)});
}

ReceiptText::~ReceiptText() = default;

ReceiptPart ReceiptText::whole() const { return ReceiptPart(&tree_->root); }

bool ReceiptText::is_object() const { return tree_->root.is_object(); }

bool ReceiptText::is_canonical() const { return whole().written() + "\n" == text_; }

}  // namespace market
