#pragma once
// An operating error is a value: what went wrong, in words built where the facts are.

#include <string>
#include <tl/expected.hpp>

namespace ledger {

template <class T>
using Result = tl::expected<T, std::string>;

inline tl::unexpected<std::string> failure(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

}  // namespace ledger
