#include "app/number_option.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "market/clearing/decimal.hpp"
#include "market/clearing/order.hpp"

namespace app {
namespace {

// The whole text as a number; none where it is not one.
template <typename Number>
std::optional<Number> number_of(const std::string& text) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

bool is_plain(const std::string& text) {
  return text == "0" || (!text.starts_with('0') && !text.starts_with("-0"));
}

CLI::Validator validator(std::function<bool(const std::string&)> is_one, const std::string& wants) {
  return {[=](std::string& text) {
            if (is_one(text)) return std::string();
            return "found " + text.substr(0, 80) + "; wants " + wants;
          },
          wants};
}

}  // namespace

CLI::Validator number_from(double least, double most) {
  std::array<char, 64> wants{};
  std::snprintf(wants.data(), wants.size(), "a number from %g to %g", least, most);
  return validator(
      [=](const std::string& text) {
        const auto number = number_of<double>(text);
        return number && std::isfinite(*number) && least <= *number && *number <= most;
      },
      wants.data());
}

CLI::Validator whole_number_from(std::int64_t least, std::int64_t most) {
  return validator(
      [=](const std::string& text) {
        const auto number = number_of<std::int64_t>(text);
        return number && is_plain(text) && least <= *number && *number <= most;
      },
      "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
}

CLI::Validator slot_number() { return whole_number_from(0, UINT32_MAX); }

std::optional<ledger::Price> price_of(const std::string& text) {
  const auto units = market::decimal_of(text, 6);
  if (!units || !units->exact || units->units < 0 || units->units > market::max_order_price.value)
    return std::nullopt;
  return ledger::Price{units->units};
}

CLI::Validator price_in_eur_per_kwh() {
  return validator([](const std::string& text) { return price_of(text).has_value(); },
                   "EUR/kWh from 0 to 100 with at most six decimals");
}

}  // namespace app
