#pragma once

#include <doctest/doctest.h>

#include "tests/market/village_support.hpp"

namespace market_test {

// Whether a transaction is refused, in these words among others, and leaves the content as it was.
inline bool refused_with(Village& v, const Transaction& tx, std::int64_t time_ms,
                         const char* words) {
  const Hash content = v.state().content_root();
  const std::string why = v.refusal(tx, time_ms);
  CAPTURE(why);
  CHECK(why.find(words) != std::string::npos);
  return !why.empty() && content == v.state().content_root();
}

}  // namespace market_test
