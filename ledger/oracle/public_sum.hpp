#pragma once
// When a sum over homes may be public: at least ten homes add to it, and none of them more than
// half. Any other would say, or nearly say, what a single home did. A home that adds nothing does
// not hide the others, so it does not count.

#include <cstdint>
#include <span>

namespace ledger {

inline constexpr std::size_t least_contributions = 10;
inline constexpr std::int64_t hidden_sum = -1;  // in the place of a sum that is not public

// Whether the sum of these, one a home, may be public. Magnitudes count, not signs.
bool may_be_public(std::span<const std::int64_t> contributions);

// The sum, each >= 0, or hidden_sum.
std::int64_t public_sum(std::span<const std::int64_t> contributions);

// The same of the homes behind one gateway, hidden also where there are others: a series of sums
// over a part of the homes tells, by correlation, in which part a known load curve is, however
// many homes it has.
std::int64_t public_gateway_sum(std::span<const std::int64_t> contributions, std::size_t gateways);

}  // namespace ledger
