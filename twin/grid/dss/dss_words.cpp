#include "twin/grid/dss/dss_words.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numbers>

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

constexpr std::size_t max_pattern = 128;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == ',' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

char closing(char open) {
  switch (open) {
    case '(':
      return ')';
    case '[':
      return ']';
    case '{':
      return '}';
    case '"':
    case '\'':
      return open;
    default:
      return 0;
  }
}

// Takes words off a text one by one.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Nothing left, or a comment.
  bool at_end() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ >= text_.size() || at_comment();
  }
  // A bare word ends where `stops` says or at a blank.
  Result<std::string_view> take(std::string_view stops) {
    if (const char close = closing(text_[at_])) return quoted(close);
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_blank(text_[at_]) && !at_comment() &&
           stops.find(text_[at_]) == std::string_view::npos)
      ++at_;
    return text_.substr(begin, at_ - begin);
  }
  // Steps over this character, and blanks before and after it.
  bool skip(char c) {
    std::size_t k = at_;
    while (k < text_.size() && (text_[k] == ' ' || text_[k] == '\t')) ++k;
    if (k >= text_.size() || text_[k] != c) return false;
    at_ = k + 1;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    return true;
  }

 private:
  bool at_comment() const {
    return text_[at_] == '!' || (text_[at_] == '/' && text_.substr(at_, 2) == "//");
  }
  Result<std::string_view> quoted(char close) {
    const std::size_t end = text_.find(close, at_ + 1);
    if (end == std::string_view::npos)
      return failure(std::string("'") + text_[at_] + "' is not closed by '" + close + "'");
    const auto inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return inside;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string shortened(std::string_view text) {
  constexpr std::size_t enough = 40;
  return "\"" + std::string(text.substr(0, enough)) + (text.size() > enough ? "..." : "") + "\"";
}

Result<double> plain_number(std::string_view text) {
  const std::string_view whole = text;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return failure("wants a number, found " + shortened(whole));
  return value;
}

// Reverse Polish notation. The registers work as those of a calculator: ten of them.
class Calculator {
 public:
  // Whether the word is an operation that has its operands.
  bool operate(const std::string& word);
  bool push(double value) {
    if (stack_.size() >= 10) return false;
    stack_.push_back(value);
    return true;
  }
  bool done() const { return stack_.size() == 1 && std::isfinite(stack_[0]); }
  double result() const { return stack_[0]; }

 private:
  template <class Operation>
  bool unary(Operation&& operation) {
    if (stack_.empty()) return false;
    stack_.back() = operation(stack_.back());
    return true;
  }
  template <class Operation>
  bool binary(Operation&& operation) {
    if (stack_.size() < 2) return false;
    const double b = stack_.back();
    stack_.pop_back();
    stack_.back() = operation(stack_.back(), b);
    return true;
  }
  bool roll(std::ptrdiff_t by) {
    if (stack_.empty()) return false;
    const auto n = static_cast<std::ptrdiff_t>(stack_.size());
    std::rotate(stack_.begin(), stack_.begin() + (by + n) % n, stack_.end());
    return true;
  }
  std::vector<double> stack_;
};

bool Calculator::operate(const std::string& w) {
  constexpr double degree = std::numbers::pi / 180;
  if (w == "+") return binary([](double a, double b) { return a + b; });
  if (w == "-") return binary([](double a, double b) { return a - b; });
  if (w == "*") return binary([](double a, double b) { return a * b; });
  if (w == "/") return binary([](double a, double b) { return a / b; });
  if (w == "^") return binary([](double a, double b) { return std::pow(a, b); });
  if (w == "atan2") return binary([](double a, double b) { return std::atan2(a, b) / degree; });
  if (w == "swap")
    return stack_.size() > 1 && (std::swap(stack_.back(), stack_[stack_.size() - 2]), true);
  if (w == "sqrt") return unary([](double a) { return std::sqrt(a); });
  if (w == "sqr") return unary([](double a) { return a * a; });
  if (w == "inv") return unary([](double a) { return 1 / a; });
  if (w == "ln") return unary([](double a) { return std::log(a); });
  if (w == "exp") return unary([](double a) { return std::exp(a); });
  if (w == "log10") return unary([](double a) { return std::log10(a); });
  if (w == "sin") return unary([](double a) { return std::sin(a * degree); });
  if (w == "cos") return unary([](double a) { return std::cos(a * degree); });
  if (w == "tan") return unary([](double a) { return std::tan(a * degree); });
  if (w == "asin") return unary([](double a) { return std::asin(a) / degree; });
  if (w == "acos") return unary([](double a) { return std::acos(a) / degree; });
  if (w == "atan") return unary([](double a) { return std::atan(a) / degree; });
  if (w == "rollup") return roll(-1);
  if (w == "rolldn") return roll(1);
  return w == "pi" && push(std::numbers::pi);
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Result<std::vector<DssWord>> dss_words(std::string_view line) {
  std::vector<DssWord> out;
  Scanner scanner(line);
  while (!scanner.at_end()) {
    if (scanner.skip('=')) return failure("'=' without a name before it");
    const auto first = scanner.take("=");
    if (!first) return failure(first.error());
    if (!scanner.skip('=')) {
      out.push_back({"", std::string(*first)});
      continue;
    }
    if (scanner.at_end()) return failure(shortened(*first) + " is given no value");
    const auto value = scanner.take("=");
    if (!value) return failure(value.error());
    out.push_back({lower_case(*first), std::string(*value)});
  }
  return out;
}

Result<std::vector<std::string>> dss_list(std::string_view text) {
  std::vector<std::string> out;
  Scanner scanner(text);
  while (!scanner.at_end()) {
    const auto word = scanner.take("");
    if (!word) return failure(word.error());
    out.emplace_back(*word);
  }
  return out;
}

Result<double> dss_number(std::string_view text) {
  if (auto value = plain_number(text)) return value;  // nearly always
  const auto words = dss_list(text);
  if (!words) return failure(words.error());
  if (words->size() == 1) return plain_number(words->front());
  Calculator calculator;
  for (const std::string& word : *words) {
    const auto value = plain_number(word);
    if (!(value ? calculator.push(*value) : calculator.operate(lower_case(word))))
      return failure("wants a number, found " + shortened(text));
  }
  if (!calculator.done()) return failure("wants a number, found " + shortened(text));
  return calculator.result();
}

Result<std::vector<double>> dss_numbers(std::string_view text) {
  std::vector<double> out;
  Scanner scanner(text);
  while (!scanner.at_end()) {
    const auto word = scanner.take("");
    if (!word) return failure(word.error());
    const auto value = dss_number(*word);
    if (!value) return failure(value.error());
    out.push_back(*value);
  }
  return out;
}

Result<bool> dss_flag(std::string_view text) {
  const std::string word = lower_case(text);
  if (word == "y" || word == "yes" || word == "t" || word == "true" || word == "1") return true;
  if (word == "n" || word == "no" || word == "f" || word == "false" || word == "0") return false;
  return failure("wants yes or no, found " + shortened(text));
}

Result<std::vector<double>> dss_matrix(std::string_view text, std::size_t order) {
  std::vector<double> out(order * order);
  const auto shape = [&] {
    return failure("wants " + std::to_string(order) + " rows, the lower triangle or all of them, " +
                   "found " + shortened(text));
  };
  for (std::size_t row = 0; row < order; ++row) {
    const std::size_t end = std::min(text.find('|'), text.size());
    const auto values = dss_numbers(text.substr(0, end));
    if (!values) return failure(values.error());
    if (values->size() != row + 1 && values->size() != order) return shape();
    if ((end == text.size()) != (row + 1 == order)) return shape();
    for (std::size_t column = 0; column <= row; ++column)
      out[row * order + column] = out[column * order + row] = (*values)[column];
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool DssPattern::Atom::fits(char c) const {
  if (set.empty()) return only == 0 || only == c;
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const bool range = i + 2 < set.size() && set[i + 1] == '-';
    found = found || (range ? set[i] <= c && c <= set[i + 2] : set[i] == c);
    if (range) i += 2;
  }
  return found != excluded;
}

Result<DssPattern> DssPattern::parse(std::string_view text) {
  std::string pattern = lower_case(text);
  if (pattern.size() > max_pattern) return failure("pattern of more than 128 characters");
  DssPattern out;
  out.from_start_ = pattern.starts_with('^');
  if (out.from_start_) pattern.erase(0, 1);
  out.to_end_ = pattern.ends_with('$');
  if (out.to_end_) pattern.pop_back();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    Atom atom;
    if (c == '*' || c == '+' || c == '?') {
      if (out.atoms_.empty()) return failure("pattern begins with '" + std::string(1, c) + "'");
      out.atoms_.back().times = c;
      continue;
    }
    if (c == '[') {
      const std::size_t end = pattern.find(']', i + 2);
      if (end == std::string::npos) return failure("'[' is not closed by ']'");
      atom.excluded = pattern[i + 1] == '^';
      atom.set = pattern.substr(i + 1 + atom.excluded, end - i - 1 - atom.excluded);
      i = end;
      if (atom.set.empty()) return failure("pattern with an empty set");
    } else if (std::string_view("(){}|\\^$").find(c) != std::string_view::npos) {
      return failure("pattern with '" + std::string(1, c) + "' is not supported");
    } else {
      atom.only = c == '.' ? '\0' : c;
    }
    out.atoms_.push_back(std::move(atom));
  }
  return out;
}

// Steps over what may be left out.
void DssPattern::spread(std::vector<char>& places) const {
  for (std::size_t i = 0; i < atoms_.size(); ++i)
    if (places[i] && (atoms_[i].times == '*' || atoms_[i].times == '?')) places[i + 1] = 1;
}

// All places in the pattern that the name so far may have led to are kept side by side.
bool DssPattern::is_in(std::string_view name) const {
  const std::size_t n = atoms_.size();
  std::vector<char> here(n + 1, 0), next(n + 1, 0);
  here[0] = 1;
  spread(here);
  if (here[n] && !to_end_) return true;
  for (const char raw : name) {
    const char c = static_cast<char>(std::tolower(static_cast<unsigned char>(raw)));
    std::fill(next.begin(), next.end(), 0);
    for (std::size_t i = 0; i < n; ++i) {
      const Atom& atom = atoms_[i];
      if (!here[i] || !atom.fits(c)) continue;
      next[i + 1] = 1;
      if (atom.times == '*' || atom.times == '+') next[i] = 1;
    }
    if (!from_start_) next[0] = 1;
    spread(next);
    here.swap(next);
    if (here[n] && !to_end_) return true;
  }
  return here[n] != 0;
}

}  // namespace twin
