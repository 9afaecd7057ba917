#include "twin/grid/matpower/matlab_program.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "twin/grid/matpower/matlab_lexer.hpp"
#include "twin/grid/matpower/matpower_format.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;
using Value = MatlabValue;
using Kind = MatlabToken::Kind;

namespace {

constexpr std::size_t max_program_bytes = 64u << 20, max_work = 50'000'000, max_names = 1000;
constexpr int max_program_depth = 64;

using Function = double (*)(double);
struct NamedFunction {
  std::string_view name;
  Function apply;
};
const NamedFunction functions[] = {{"sqrt", [](double v) { return std::sqrt(v); }},
                                   {"sin", [](double v) { return std::sin(v); }},
                                   {"cos", [](double v) { return std::cos(v); }},
                                   {"tan", [](double v) { return std::tan(v); }},
                                   {"asin", [](double v) { return std::asin(v); }},
                                   {"acos", [](double v) { return std::acos(v); }},
                                   {"atan", [](double v) { return std::atan(v); }},
                                   {"exp", [](double v) { return std::exp(v); }},
                                   {"log", [](double v) { return std::log(v); }},
                                   {"abs", [](double v) { return std::abs(v); }}};
constexpr MatpowerIndex constants[] = {{"pi", std::numbers::pi},
                                       {"Inf", std::numeric_limits<double>::infinity()},
                                       {"NaN", std::numeric_limits<double>::quiet_NaN()},
                                       {"eps", std::numeric_limits<double>::epsilon()}};

template <class List>
auto named(const List& list, std::string_view name) {
  return std::find_if(std::begin(list), std::end(list),
                      [&](const auto& each) { return each.name == name; });
}

Value number_value(double v) {
  Value out;
  out.rows = out.columns = 1;
  out.numbers = {v};
  return out;
}

std::string quoted(std::string_view word) {
  return "\"" + std::string(word.substr(0, 60)) + (word.size() > 60 ? "...\"" : "\"");
}

// Rows or columns that an index picks, from 0.
using Picks = std::vector<std::size_t>;

// Reads and carries out by recursive descent; after the first error every step does nothing.
class Program {
 public:
  Program(std::string_view text, const std::string& file) : lexer_(text), file_(file) { advance(); }

  Result<std::map<std::string, Value>> run() {
    skip_separators();
    if (token_.kind == Kind::name && token_.characters == "function") function_line();
    for (skip_separators(); ok() && token_.kind != Kind::end; skip_separators()) statement();
    if (!ok()) return failure(error_);
    return std::move(fields_);
  }

 private:
  bool ok() const { return error_.empty(); }
  void fail(std::uint32_t line, const std::string& what) {
    if (ok()) error_ = file_ + ":" + std::to_string(line) + ": " + what;
  }
  void fail_here(const std::string& wants) {
    if (token_.kind == Kind::wrong && token_.characters.size() > 1)
      return fail(token_.line, "found " + std::string(token_.characters));
    fail(token_.line, "found " + found() + "; wants " + wants);
  }
  std::string found() const {
    if (token_.kind == Kind::end) return "the end of the file";
    if (token_.kind == Kind::newline) return "the end of the line";
    return quoted(token_.characters);
  }
  void advance() { token_ = lexer_.next(); }
  bool take(std::string_view sign) {
    if (!ok() || !token_.is(sign)) return false;
    advance();
    return true;
  }
  void expect(std::string_view sign) {
    if (ok() && !take(sign)) fail_here(quoted(sign));
  }
  void skip_separators() {
    while (ok() && (token_.kind == Kind::newline || token_.is(";") || token_.is(","))) advance();
  }
  void end_statement() {
    if (!ok() || token_.kind == Kind::newline || token_.kind == Kind::end || token_.is(";") ||
        token_.is(","))
      return;
    fail_here("the end of the statement");
  }
  // Whether the budget allows for so many more numbers.
  bool work(std::size_t count) {
    done_ += count;
    if (done_ > max_work)
      fail(token_.line, "more than 50 million numbers are computed or copied by then");
    return ok();
  }
  std::string take_name(const std::string& wants) {
    std::string out(token_.characters);
    if (token_.kind != Kind::name || out.size() > 63) fail_here(wants);
    if (ok()) advance();
    return out;
  }

  void function_line() {
    advance();
    if (token_.is("[")) return fail_here("one result (case format version 2)");
    output_ = take_name("a name");
    expect("=");
    take_name("a name");
    end_statement();
  }
  void statement();
  void last_word();
  void unpack_indices();
  void assign(const std::string& variable, std::uint32_t line);
  void assign_field(const std::string& field, std::uint32_t line);
  void assign_part(Value& target, const std::string& what, std::uint32_t line);
  void define(const MatpowerIndex& c) { variables_[std::string(c.name)] = number_value(c.value); }

  Value expression() { return sum(); }
  Value sum();
  Value product();
  Value power();
  Value unary();
  Value postfix();
  Value primary();
  Value name();
  Value matrix();
  Value cell();
  bool sign_splits() const;  // "[1 -2]": two elements
  Value combine(const Value& a, const Value& b, std::string_view sign, std::uint32_t line);
  Value negate(Value v);
  Value transpose(const Value& v, std::uint32_t line);
  Value indexed(const Value& v, const std::string& what);
  Picks picks(std::size_t size, const std::string& what);

  struct Nesting {
    explicit Nesting(Program& program) : p(program) {
      if (++p.depth_ > max_program_depth)
        p.fail(p.token_.line, "wants at most 64 levels of brackets");
    }
    ~Nesting() { --p.depth_; }
    Program& p;
  };

  MatlabLexer lexer_;
  const std::string& file_;
  MatlabToken token_;
  std::string error_, output_ = "mpc";
  std::map<std::string, Value> variables_, fields_;
  std::size_t done_ = 0;
  int depth_ = 0;
  int row_ = 0;  // depth of brackets in which a space parts elements; 0: none
};

void Program::statement() {
  const std::uint32_t line = token_.line;
  if (token_.is("[")) return unpack_indices();
  if (token_.kind != Kind::name) return fail_here("a statement");
  const std::string word(token_.characters);
  if (word == "end" || word == "return") return last_word();
  if (word == "define_constants") {
    for (const MatpowerIndices& f : matpower_indices())
      for (const MatpowerIndex& c : f.values) define(c);
    advance();
    return end_statement();
  }
  advance();
  if (word == output_ && token_.is(".")) {
    advance();
    const std::string field = take_name("a field's name");
    if (ok()) assign_field(field, line);
  } else if (token_.is("=")) {
    assign(word, line);
  } else {
    const std::string near = nearest(word.substr(0, 60), {"define_constants", output_});
    fail(line, quoted(word) + " is not understood; wants " + output_ + ".FIELD = ..., NAME = ... " +
                   "or define_constants" +
                   (near.empty() ? "" : "; did you mean " + quoted(near) + "?"));
  }
  end_statement();
}

void Program::last_word() {
  advance();
  skip_separators();
  if (ok() && token_.kind != Kind::end) fail_here("the end of the file after end or return");
}

void Program::unpack_indices() {
  const std::uint32_t line = token_.line;
  advance();
  std::vector<std::string> names;
  while (ok() && !token_.is("]")) {
    while (token_.kind == Kind::newline) advance();
    names.push_back(take_name("a name"));
    if (names.size() > 64) return fail(line, "wants at most 64 names");
    take(",");
  }
  expect("]");
  expect("=");
  const std::string source = take_name("idx_bus, idx_brch, idx_gen or idx_cost");
  if (!ok()) return;
  const auto all = matpower_indices();
  const auto f = named(all, source);
  if (f == all.end())
    return fail(line, quoted(source) +
                          " is not understood; wants idx_bus, idx_brch, idx_gen or "
                          "idx_cost");
  if (names.size() > f->values.size())
    return fail(line, source + " gives " + std::to_string(f->values.size()) + " values; found " +
                          std::to_string(names.size()) + " names");
  for (std::size_t i = 0; i < names.size(); ++i)
    variables_[names[i]] = number_value(f->values[i].value);
  end_statement();
}

void Program::assign(const std::string& variable, std::uint32_t line) {
  expect("=");
  Value v = expression();
  v.line = line;
  if (ok()) variables_[variable] = std::move(v);
  if (variables_.size() > max_names) fail(line, "more than 1000 names");
}

void Program::assign_field(const std::string& field, std::uint32_t line) {
  if (token_.is("(")) {
    const auto target = fields_.find(field);
    if (target == fields_.end())
      return fail(line, output_ + "." + field + ": has no value yet; wants one before its parts");
    return assign_part(target->second, output_ + "." + field, line);
  }
  if (token_.is(".")) return fail_here("a field of " + output_ + " itself");
  expect("=");
  Value v = expression();
  v.line = line;
  if (ok()) fields_[field] = std::move(v);
  if (fields_.size() > max_names) fail(line, "more than 1000 fields");
}

// target(rows, columns) = expression
void Program::assign_part(Value& target, const std::string& what, std::uint32_t line) {
  if (target.kind != Value::Kind::matrix) return fail(line, what + ": is no matrix");
  expect("(");
  const Picks rows = picks(target.rows, what);
  expect(",");
  const Picks columns = picks(target.columns, what);
  expect(")");
  expect("=");
  const Value v = expression();
  if (!ok() || !work(rows.size() * columns.size())) return;
  const bool fits = v.rows == rows.size() && v.columns == columns.size();
  if (v.kind != Value::Kind::matrix || (!fits && !v.is_number()))
    return fail(line, what + ": found " + std::to_string(v.rows) + " x " +
                          std::to_string(v.columns) + " values for " + std::to_string(rows.size()) +
                          " x " + std::to_string(columns.size()) + " places");
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t c = 0; c < columns.size(); ++c)
      target.numbers[rows[r] * target.columns + columns[c]] = fits ? v.at(r, c) : v.numbers[0];
}

bool Program::sign_splits() const {
  return row_ == depth_ && row_ > 0 && token_.space_before && !token_.space_after;
}

Value Program::sum() {
  Value left = product();
  while (ok() && (token_.is("+") || token_.is("-")) && !sign_splits()) {
    const MatlabToken sign = token_;
    advance();
    left = combine(left, product(), sign.characters, sign.line);
  }
  return left;
}

Value Program::product() {
  Value left = unary();
  while (ok() && (token_.is("*") || token_.is("/") || token_.is(".*") || token_.is("./"))) {
    const MatlabToken sign = token_;
    advance();
    left = combine(left, unary(), sign.characters, sign.line);
  }
  return left;
}

Value Program::unary() {
  bool minus = false;
  while (ok() && (token_.is("+") || token_.is("-"))) {
    minus ^= token_.is("-");
    advance();
  }
  Value v = power();
  return minus ? negate(std::move(v)) : v;
}

Value Program::power() {
  Value left = postfix();
  while (ok() && (token_.is("^") || token_.is(".^"))) {
    const MatlabToken sign = token_;
    advance();
    bool minus = false;
    while (token_.is("-") || token_.is("+")) {
      minus ^= token_.is("-");
      advance();
    }
    Value right = postfix();
    left = combine(left, minus ? negate(std::move(right)) : right, sign.characters, sign.line);
  }
  return left;
}

Value Program::postfix() {
  Value v = primary();
  while (ok() && token_.is("'")) {
    v = transpose(v, token_.line);
    advance();
  }
  return v;
}

Value Program::primary() {
  if (!ok()) return {};
  const Nesting nesting(*this);
  if (!ok()) return {};
  if (token_.kind == Kind::number) {
    Value v = number_value(token_.number);
    work(1);
    advance();
    return v;
  }
  if (token_.kind == Kind::text) {
    Value v;
    v.kind = Value::Kind::text;
    v.texts.emplace_back(token_.characters);
    work(token_.characters.size() / 8 + 4);
    advance();
    return v;
  }
  if (token_.kind == Kind::name) return name();
  if (token_.is("[")) return matrix();
  if (token_.is("{")) return cell();
  if (take("(")) {
    Value v = expression();
    expect(")");
    return v;
  }
  fail_here("a value");
  return {};
}

Value Program::name() {
  const std::uint32_t line = token_.line;
  std::string word = take_name("a name");
  if (word == output_ && take(".")) {
    const std::string field = take_name("a field's name");
    if (!ok()) return {};
    const auto at = fields_.find(field);
    word += "." + field;
    if (at == fields_.end()) fail(line, word + ": has no value yet");
    return ok() ? indexed(at->second, word) : Value{};
  }
  if (const auto v = variables_.find(word); v != variables_.end()) return indexed(v->second, word);
  if (const auto c = named(constants, word); c != std::end(constants))
    return number_value(c->value);
  if (const auto f = named(functions, word); f != std::end(functions) && take("(")) {
    Value v = expression();
    expect(")");
    if (v.kind != Value::Kind::matrix) fail(line, word + ": wants numbers");
    if (ok() && work(v.numbers.size()))
      for (double& x : v.numbers) x = f->apply(x);
    return v;
  }
  fail(line, quoted(word) + " is not understood");
  return {};
}

// What stands in brackets behind a name, or all of it.
Value Program::indexed(const Value& v, const std::string& what) {
  const bool element = row_ > 0 && row_ == depth_ - 1 && token_.space_before;
  if (!token_.is("(") || element) {
    work(v.numbers.size() + v.texts.size());
    return ok() ? v : Value{};
  }
  if (v.kind != Value::Kind::matrix) fail_here("no index of a text or cell");
  advance();
  const Picks rows = picks(v.rows, what);
  expect(",");
  const Picks columns = picks(v.columns, what);
  expect(")");
  if (!ok() || !work(rows.size() * columns.size())) return {};
  Value out;
  out.rows = rows.size();
  out.columns = columns.size();
  out.numbers.reserve(rows.size() * columns.size());
  for (const std::size_t r : rows)
    for (const std::size_t c : columns) out.numbers.push_back(v.at(r, c));
  return out;
}

// One index: ':', a:b, a number or a list of numbers.
Picks Program::picks(std::size_t size, const std::string& what) {
  Picks out;
  const Nesting nesting(*this);
  if (ok() && take(":")) {
    if (work(size))
      for (std::size_t i = 0; i < size; ++i) out.push_back(i);
    return out;
  }
  const std::uint32_t line = token_.line;
  Value v = expression();
  if (ok() && take(":")) {
    const Value last = expression();
    if (!v.is_number() || !last.is_number()) fail(line, what + ": wants numbers around ':'");
    if (!ok()) return out;
    const double from = v.numbers[0], to = last.numbers[0];
    v = {};
    if (to - from < static_cast<double>(size))
      for (double i = from; i <= to; ++i) v.numbers.push_back(i);
    else
      v.numbers = {to};
  }
  if (!ok() || !work(v.numbers.size())) return out;
  for (const double i : v.numbers) {
    if (!(i >= 1 && i <= static_cast<double>(size)) || i != std::floor(i)) {
      fail(line, what + ": found index " + std::to_string(i) + "; wants an integer from 1 to " +
                     std::to_string(size));
      return out;
    }
    out.push_back(static_cast<std::size_t>(i) - 1);
  }
  return out;
}

Value Program::matrix() {
  Value out;
  const int outer = row_;
  row_ = depth_;
  advance();
  std::size_t begin = 0;  // of the row in `numbers`
  std::uint32_t row_line = token_.line;
  const auto end_row = [&] {
    const std::size_t count = out.numbers.size() - begin;
    if (count == 0) return;
    if (out.rows > 0 && count != out.columns)
      fail(row_line, "found a row of " + std::to_string(count) + " values; wants " +
                         std::to_string(out.columns) + " like the rows before");
    out.columns = count;
    ++out.rows;
    out.row_lines.push_back(row_line);
    begin = out.numbers.size();
  };
  while (ok() && !token_.is("]")) {
    if (token_.is(";") || token_.kind == Kind::newline) {
      end_row();
      advance();
    } else if (token_.is(",")) {
      advance();
    } else {
      if (out.numbers.size() == begin) row_line = token_.line;
      const std::uint32_t line = token_.line;
      const Value v = expression();
      if (ok() && (v.kind != Value::Kind::matrix || v.rows > 1))
        fail(line, "wants numbers or rows of numbers in a matrix");
      if (ok() && work(v.numbers.size()))
        out.numbers.insert(out.numbers.end(), v.numbers.begin(), v.numbers.end());
    }
  }
  if (ok()) end_row();
  row_ = outer;
  expect("]");
  return out;
}

Value Program::cell() {
  Value out;
  out.kind = Value::Kind::cell;
  advance();
  while (ok() && !token_.is("}")) {
    if (token_.is(";") || token_.is(",") || token_.kind == Kind::newline) {
      advance();
    } else if (token_.kind == Kind::text || token_.kind == Kind::number || token_.is("-")) {
      work(token_.characters.size() / 8 + 4);
      if (ok()) out.texts.emplace_back(token_.characters);
      advance();
    } else {
      fail_here("texts or numbers in a cell array");
    }
  }
  expect("}");
  return out;
}

double apply(double a, double b, char sign) {
  switch (sign) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      return std::pow(a, b);
  }
}

Value Program::combine(const Value& a, const Value& b, std::string_view sign, std::uint32_t line) {
  if (!ok()) return {};
  if (a.kind != Value::Kind::matrix || b.kind != Value::Kind::matrix) {
    fail(line, quoted(sign) + ": wants numbers on both sides");
    return {};
  }
  // Without a dot, * wants a number on one side, / and ^ on the right (^ on both).
  const bool matrices = (sign == "*" && !a.is_number() && !b.is_number()) ||
                        (sign == "/" && !b.is_number()) ||
                        (sign == "^" && !(a.is_number() && b.is_number()));
  if (matrices) {
    fail(line, quoted(sign) + " of matrices is not supported; wants a number or " +
                   quoted("." + std::string(sign)));
    return {};
  }
  const bool same = a.rows == b.rows && a.columns == b.columns;
  if (!same && !a.is_number() && !b.is_number()) {
    fail(line, quoted(sign) + ": found " + std::to_string(a.rows) + " x " +
                   std::to_string(a.columns) + " and " + std::to_string(b.rows) + " x " +
                   std::to_string(b.columns) + " values; wants the same size");
    return {};
  }
  Value out = a.is_number() ? b : a;
  if (!work(out.numbers.size())) return {};
  out.row_lines.clear();
  for (std::size_t i = 0; i < out.numbers.size(); ++i)
    out.numbers[i] = apply(a.is_number() ? a.numbers[0] : a.numbers[i],
                           b.is_number() ? b.numbers[0] : b.numbers[i], sign.back());
  return out;
}

Value Program::negate(Value v) {
  if (ok() && v.kind != Value::Kind::matrix) fail(token_.line, "\"-\": wants numbers");
  work(v.numbers.size());
  for (double& x : v.numbers) x = -x;
  return v;
}

Value Program::transpose(const Value& v, std::uint32_t line) {
  if (v.kind != Value::Kind::matrix) fail(line, "\"'\": wants numbers");
  if (!ok() || !work(v.numbers.size())) return {};
  Value out;
  out.rows = v.columns;
  out.columns = v.rows;
  for (std::size_t c = 0; c < v.columns; ++c)
    for (std::size_t r = 0; r < v.rows; ++r) out.numbers.push_back(v.at(r, c));
  return out;
}

}  // namespace

Result<std::map<std::string, MatlabValue>> run_matlab(std::string_view text,
                                                      const std::string& file) {
  if (text.size() > max_program_bytes)
    return failure(file + ": found " + std::to_string(text.size()) +
                   " bytes; wants at most 64 MiB");
  return Program(text, file).run();
}

}  // namespace twin
