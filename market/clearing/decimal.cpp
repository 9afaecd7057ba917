#include "market/clearing/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace market {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool take_sign(std::string_view& rest) {
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  return negative;
}

std::string take_digits(std::string_view& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  std::string digits(rest.begin(), end);
  rest.remove_prefix(digits.size());
  return digits;
}

// Of "e-12"; one beyond all sense is cut to what has the same effect.
std::optional<std::int64_t> take_exponent(std::string_view& rest) {
  constexpr std::int64_t far = 1'000'000'000;
  if (!rest.starts_with('e') && !rest.starts_with('E')) return 0;
  rest.remove_prefix(1);
  const bool negative = take_sign(rest);
  const std::string digits = take_digits(rest);
  if (digits.empty()) return std::nullopt;
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc{}) value = far;
  return negative ? -std::min(value, far) : std::min(value, far);
}

// 0.digits x 10^point, no leading zero.
Decimal rounded(const std::string& digits, std::int64_t point, bool negative) {
  constexpr std::int64_t most = 18;  // digits that surely fit
  if (point > most) return {negative ? -INT64_MAX : INT64_MAX, true};
  Decimal out;
  const auto whole = static_cast<std::size_t>(std::max<std::int64_t>(point, 0));
  for (std::size_t i = 0; i < whole; ++i)
    out.units = out.units * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  out.exact = digits.size() <= whole;
  if (point >= 0 && digits.size() > whole && digits[whole] >= '5') ++out.units;
  if (negative) out.units = -out.units;
  return out;
}

}  // namespace

std::optional<Decimal> decimal_of(std::string_view text, int decimals) {
  const bool negative = take_sign(text);
  std::string digits = take_digits(text);
  auto point = static_cast<std::int64_t>(digits.size());
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += take_digits(text);
  }
  const auto exponent = take_exponent(text);
  if (digits.empty() || !exponent || !text.empty()) return std::nullopt;
  const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.empty()) return Decimal{};
  point += *exponent + decimals - static_cast<std::int64_t>(zeros);
  return rounded(digits, point, negative);
}

}  // namespace market
