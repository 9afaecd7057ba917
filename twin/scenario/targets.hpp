#pragma once
// Whom faults and events of a scenario befall.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/time.hpp"

namespace twin {

inline constexpr std::size_t most_homes = 4000;
inline constexpr std::uint32_t most_gateways = 10'000;
inline constexpr ledger::Duration longest_fault = ledger::hours(24) * 366;

// The number in "validator-3", where it is one below `count`.
std::optional<std::uint32_t> number_in(const std::string& name, const std::string& of,
                                       std::uint32_t count);

template <class Target>
bool share_one(const std::vector<Target>& a, const std::vector<Target>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

}  // namespace twin
