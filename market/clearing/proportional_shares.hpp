#pragma once
// A whole number shared out in proportion to weights, to the last unit, by largest remainder
// (Hamilton's method): each gets total * weight / sum of weights, rounded down; the units that
// remain go one each to the largest remainders, ties to the earlier position.

#include <cstdint>
#include <span>
#include <vector>

namespace market {

// `weights` and `total`: 0 or more; the weights' sum within 64 bits. The shares sum to the total,
// and none is above its weight where the total is at most the weights' sum. Weights that are all 0
// get nothing.
std::vector<std::int64_t> proportional_shares(std::span<const std::int64_t> weights,
                                              std::int64_t total);

}  // namespace market
