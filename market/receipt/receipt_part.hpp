#pragma once
// The JSON of a receipt, place by place. What a reader takes from a place is there, of the type
// that it asks for and within its bounds; else it is Wrong (market/receipt/receipt_checks.hpp).

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/bytes.hpp"

namespace market {

using namespace ledger;

// A value in a document, which outlives it.
class ReceiptPart {
 public:
  bool is_null() const;
  bool is_list() const;
  bool is_text(std::string_view text) const;
  // Of an object by rising name; of anything else none.
  std::vector<std::string> keys() const;
  bool has(const char* key) const;
  // Of a list; of anything else none.
  std::vector<ReceiptPart> items() const;
  // An integer without sign, fraction or exponent.
  std::optional<std::uint64_t> number() const;
  std::string written() const;  // as canonical JSON

  ReceiptPart at(const char* key) const;
  const std::string& text() const;
  // Below a key of an object; the error begins with the key.
  Bytes hex(const char* key) const;
  std::uint64_t number(const char* key, std::uint64_t most) const;
  std::vector<ReceiptPart> list(const char* key) const;

  // An object with every one of these keys and nothing else.
  void only_keys(std::initializer_list<const char*> keys, const std::string& name) const;

 private:
  friend class ReceiptText;
  explicit ReceiptPart(const void* json) : json_(json) {}

  const void* json_;  // of the library that receipt_part.cpp reads with
};

// A whole text, parsed. What is nested deeper than any receipt is left out, so that no depth
// exhausts the stack; is_canonical then finds it missing.
class ReceiptText {
 public:
  explicit ReceiptText(std::string_view text);
  ~ReceiptText();

  ReceiptPart whole() const;
  bool is_object() const;
  // Whether the text is the one form of what it holds: keys sorted, no spaces, a newline behind.
  bool is_canonical() const;

 private:
  struct Tree;

  std::string_view text_;
  std::unique_ptr<Tree> tree_;
};

}  // namespace market
