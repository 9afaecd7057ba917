#pragma once
// Words of a MATLAB text, one at a time. Private to matlab_program.cpp.

#include <cstdint>
#include <string>
#include <string_view>

namespace twin {

struct MatlabToken {
  enum class Kind : std::uint8_t { end, newline, number, name, text, sign, wrong };
  Kind kind = Kind::end;
  std::string_view characters;  // a text's between its quotes; of a wrong one: what is wrong
  double number = 0;
  std::uint32_t line = 1;
  bool space_before = false, space_after = false;

  bool is(std::string_view sign) const { return kind == Kind::sign && characters == sign; }
};

class MatlabLexer {
 public:
  explicit MatlabLexer(std::string_view text) : text_(text) {}
  MatlabToken next();

 private:
  bool skip_space();  // and comments and continuations; whether there was any
  void skip_line();
  bool skip_block_comment();
  MatlabToken number();
  MatlabToken quoted(char quote);
  MatlabToken token(MatlabToken::Kind kind, std::size_t length);
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  bool after_operand_ = false;  // a quote right behind one transposes it
};

}  // namespace twin
