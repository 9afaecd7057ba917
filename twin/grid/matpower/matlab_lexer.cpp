#include "twin/grid/matpower/matlab_lexer.hpp"

#include <charconv>

namespace twin {
namespace {

using Kind = MatlabToken::Kind;

bool is_decimal(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_matlab_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

void MatlabLexer::skip_line() {
  while (at_ < text_.size() && text_[at_] != '\n') ++at_;
}

// At a "%{" that stands alone on its line: behind the line of the "%}" that closes it.
bool MatlabLexer::skip_block_comment() {
  const auto alone = [&](std::size_t at, char brace) {
    std::size_t begin = at;
    while (begin > 0 && is_matlab_blank(text_[begin - 1])) --begin;
    if (begin > 0 && text_[begin - 1] != '\n') return false;
    if (at + 1 >= text_.size() || text_[at + 1] != brace) return false;
    std::size_t end = at + 2;
    while (end < text_.size() && is_matlab_blank(text_[end])) ++end;
    return end >= text_.size() || text_[end] == '\n';
  };
  if (!alone(at_, '{')) return false;
  for (int depth = 0; at_ < text_.size(); ++at_) {
    if (text_[at_] == '\n') ++line_;
    if (text_[at_] != '%' && text_[at_] != '#') continue;
    if (alone(at_, '{')) ++depth;
    if (alone(at_, '}') && --depth == 0) break;
  }
  skip_line();
  return true;
}

bool MatlabLexer::skip_space() {
  const std::size_t begin = at_;
  while (at_ < text_.size()) {
    if (is_matlab_blank(text_[at_])) {
      ++at_;
    } else if (text_[at_] == '%' || text_[at_] == '#') {
      if (!skip_block_comment()) skip_line();
    } else if (text_.substr(at_, 3) == "...") {
      skip_line();
      if (at_ < text_.size()) {
        ++at_;
        ++line_;
      }
    } else {
      break;
    }
  }
  return at_ != begin;
}

MatlabToken MatlabLexer::token(Kind kind, std::size_t length) {
  MatlabToken out;
  out.kind = kind;
  out.characters = text_.substr(at_, length);
  out.line = line_;
  at_ += length;
  out.space_after = at_ >= text_.size() || is_matlab_blank(text_[at_]) || text_[at_] == '\n';
  return out;
}

MatlabToken MatlabLexer::number() {
  double value = 0;
  const char* begin = text_.data() + at_;
  const auto end = std::from_chars(begin, text_.data() + text_.size(), value);
  MatlabToken out = token(Kind::number, static_cast<std::size_t>(end.ptr - begin));
  out.number = value;
  if (end.ec != std::errc{} || is_letter(peek()) || is_decimal(peek())) {
    out.kind = Kind::wrong;
    out.characters = "a number that cannot be read";
  }
  return out;
}

MatlabToken MatlabLexer::quoted(char quote) {
  std::size_t end = at_ + 1;
  while (end < text_.size() && text_[end] != quote && text_[end] != '\n') ++end;
  if (end >= text_.size() || text_[end] != quote) {
    MatlabToken out = token(Kind::wrong, end - at_);
    out.characters = "a text without its closing quote";
    return out;
  }
  MatlabToken out = token(Kind::text, end + 1 - at_);
  out.characters = out.characters.substr(1, out.characters.size() - 2);
  return out;
}

MatlabToken MatlabLexer::next() {
  const bool space = skip_space();
  const char c = peek();
  MatlabToken out;
  if (at_ >= text_.size()) {
    out = token(Kind::end, 0);
  } else if (c == '\n') {
    out = token(Kind::newline, 1);
    ++line_;
  } else if (is_decimal(c) || (c == '.' && is_decimal(peek(1)))) {
    out = number();
  } else if (is_letter(c)) {
    std::size_t length = 1;
    while (is_letter(peek(length)) || is_decimal(peek(length))) ++length;
    out = token(Kind::name, length);
  } else if (c == '"' || (c == '\'' && !(after_operand_ && !space))) {
    out = quoted(c);
  } else if (c == '.' && (peek(1) == '*' || peek(1) == '/' || peek(1) == '^')) {
    out = token(Kind::sign, 2);
  } else if (std::string_view("+-*/^=()[]{},;:.'").find(c) != std::string_view::npos) {
    out = token(Kind::sign, 1);
  } else {
    out = token(Kind::wrong, 1);
  }
  out.space_before = space;
  after_operand_ = out.kind == Kind::number || out.kind == Kind::name || out.kind == Kind::text ||
                   out.is(")") || out.is("]") || out.is("}") || out.is("'");
  return out;
}

}  // namespace twin
