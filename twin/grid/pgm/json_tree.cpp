#include "twin/grid/pgm/json_tree.hpp"

#include <charconv>
#include <cmath>

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

constexpr std::size_t max_tree_bytes = 64u << 20, max_tree_values = 8'000'000;
constexpr int max_tree_depth = 32;
constexpr std::size_t longest_shown = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string place_of(const std::string& file, std::string_view text, std::size_t at) {
  std::size_t line = 1, begin = 0;
  for (std::size_t i = 0; i < at && i < text.size(); ++i)
    if (text[i] == '\n') {
      ++line;
      begin = i + 1;
    }
  return file + ":" + std::to_string(line) + ":" + std::to_string(at - begin + 1);
}

}  // namespace

// Descends by recursion; every step leaves at_ behind what it has read, or an error.
class JsonTree::Parser {
 public:
  explicit Parser(JsonTree& tree) : tree_(tree), text_(tree.text_) {}

  std::string run() {
    space();
    value(0);
    space();
    if (error_.empty() && at_ < text_.size()) fail("wants the end of the file after its one value");
    return error_;
  }

 private:
  void fail(const std::string& what) {
    if (error_.empty())
      error_ = place_of(tree_.file_, text_, at_) + ": found " + found() + "; " + what;
  }
  std::string found() const {
    if (at_ >= text_.size()) return "the end of the file";
    const char c = text_[at_];
    if (c < ' ' || c > '~') return "byte " + std::to_string(static_cast<unsigned char>(c));
    return std::string("'") + c + "'";
  }
  void space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Place open(Kind kind, std::size_t key_at, std::size_t key_length) {
    if (tree_.nodes_.size() >= max_tree_values) {
      fail("wants at most 8 million values");
      return 0;
    }
    Node node;
    node.kind = kind;
    node.at = static_cast<std::uint32_t>(at_);
    node.key_at = static_cast<std::uint32_t>(key_at);
    node.key_length = static_cast<std::uint32_t>(key_length);
    tree_.nodes_.push_back(node);
    return static_cast<Place>(tree_.nodes_.size() - 1);
  }
  void close(Place v) {
    tree_.nodes_[v].length = static_cast<std::uint32_t>(at_ - tree_.nodes_[v].at);
    tree_.nodes_[v].next = static_cast<std::uint32_t>(tree_.nodes_.size());
  }

  void value(int depth, std::size_t key_at = 0, std::size_t key_length = 0) {
    if (depth > max_tree_depth) return fail("wants at most 32 levels");
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    const Kind kind = c == '{'                  ? Kind::object
                      : c == '['                ? Kind::array
                      : c == '"'                ? Kind::text
                      : c == 't' || c == 'f'    ? Kind::boolean
                      : c == 'n'                ? Kind::null
                      : c == '-' || is_digit(c) ? Kind::number
                                                : Kind::null;
    if (kind == Kind::null && c != 'n') return fail("wants a value");
    const Place v = open(kind, key_at, key_length);
    if (!error_.empty()) return;
    if (kind == Kind::object) members(depth);
    if (kind == Kind::array) items(depth);
    if (kind == Kind::text) text();
    if (kind == Kind::number) number();
    if (kind == Kind::null) word("null");
    if (kind == Kind::boolean) word(c == 't' ? "true" : "false");
    if (error_.empty()) close(v);
  }

  void members(int depth) {
    ++at_;
    space();
    if (take('}')) return;
    while (error_.empty()) {
      if (at_ >= text_.size() || text_[at_] != '"') return fail("wants a key in quotes");
      const std::size_t key_at = at_ + 1;
      text();
      const std::size_t key_length = at_ - 1 - key_at;
      space();
      if (error_.empty() && !take(':')) return fail("wants ':' after the key");
      space();
      if (error_.empty()) value(depth + 1, key_at, key_length);
      space();
      if (!error_.empty() || take('}')) return;
      if (!take(',')) return fail("wants ',' or '}'");
      space();
    }
  }
  void items(int depth) {
    ++at_;
    space();
    if (take(']')) return;
    while (error_.empty()) {
      value(depth + 1);
      space();
      if (!error_.empty() || take(']')) return;
      if (!take(',')) return fail("wants ',' or ']'");
      space();
    }
  }
  void text() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return;
      }
      if (static_cast<unsigned char>(text_[at_]) < 0x20)
        return fail("wants no such byte in a text");
      if (text_[at_] == '\\') ++at_;
    }
    at_ = std::min(at_, text_.size());
    fail("wants a closing quote");
  }
  void digits() {
    if (at_ >= text_.size() || !is_digit(text_[at_])) return fail("wants a digit");
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }
  void number() {
    const std::size_t begin = at_;
    take('-');
    if (!take('0')) digits();
    if (error_.empty() && take('.')) digits();
    if (error_.empty() && (take('e') || take('E'))) {
      if (!take('+')) take('-');
      digits();
    }
    if (!error_.empty()) return;
    double out = 0;
    const auto end = std::from_chars(text_.data() + begin, text_.data() + at_, out);
    if (end.ec == std::errc{} && std::isfinite(out)) return;
    at_ = begin;
    fail("wants a number that a double can hold");
  }
  void word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail("wants a value");
    at_ += expected.size();
  }

  JsonTree& tree_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::string error_;
};

Result<JsonTree> JsonTree::parse(std::string text, std::string file) {
  if (text.size() > max_tree_bytes)
    return failure(file + ": found " + std::to_string(text.size()) +
                   " bytes; wants at most 64 MiB");
  JsonTree tree;
  tree.text_ = std::move(text);
  tree.file_ = std::move(file);
  if (const std::string error = Parser(tree).run(); !error.empty()) return failure(error);
  return tree;
}

std::size_t JsonTree::child_count(Place v) const {
  std::size_t count = 0;
  for (Place c = first_child(v); c < next(v); c = next(c)) ++count;
  return count;
}

std::string_view JsonTree::key(Place v) const {
  return std::string_view(text_).substr(nodes_[v].key_at, nodes_[v].key_length);
}

std::string_view JsonTree::raw(Place v) const {
  const Node& n = nodes_[v];
  const bool quoted = n.kind == Kind::text;
  return std::string_view(text_).substr(n.at + (quoted ? 1 : 0), n.length - (quoted ? 2 : 0));
}

double JsonTree::number(Place v) const {
  const std::string_view digits = raw(v);
  double out = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return out;
}

std::string JsonTree::where(Place v) const { return place_of(file_, text_, nodes_[v].at); }

std::string JsonTree::shown(Place v) const {
  if (kind(v) == Kind::array) return "an array of " + std::to_string(child_count(v));
  if (kind(v) == Kind::object) return "an object";
  const std::string_view all = raw(v);
  std::string out(all.substr(0, longest_shown));
  if (all.size() > longest_shown) out += "...";
  return kind(v) == Kind::text ? "\"" + out + "\"" : out;
}

}  // namespace twin
