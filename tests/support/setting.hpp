#pragma once
// What scripts/campaign asks of a test by its environment: a count, a seed, a stride.

#include <cstdint>
#include <cstdlib>

namespace test {

inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace test
