#pragma once
// Decimal numbers of text as whole units, exactly.

#include <cstdint>
#include <optional>
#include <string_view>

namespace market {

struct Decimal {
  std::int64_t units = 0;  // to the nearest, half away from zero; INT64_MAX or -INT64_MAX beyond
  bool exact = true;       // nothing was rounded away
};

// [+|-] digits [. digits] [e [+|-] digits], at least one digit before the e; in units of
// 10^-decimals. Anything else, "nan" and "inf" among it, is none.
std::optional<Decimal> decimal_of(std::string_view text, int decimals);

}  // namespace market
