#pragma once
// How evenly something is spread over people, and how concentrated a market is. Integers in: money,
// energy, minutes or counts, each from 0 to `largest_share`, at most a million of them; sums are
// exact in 128 bits and divided once. Nothing for values outside of that, or for none at all.
//
//   jain   (sum x)^2 / (n sum x^2)                     1 all alike, 1/n one has all
//          (Jain, Chiu, Hawe: A Quantitative Measure of Fairness, DEC-TR-301, 1984)
//   gini   sum over i of (2 i - n - 1) x_i / (n sum x), x rising, i from 1: 0 all alike, 1 - 1/n
//          one has all (Gini, 1912; no small-sample correction)
//   hhi    sum of squared shares in per cent, 10,000 a monopoly, 10,000/n alike; half away from
//          zero (Herfindahl-Hirschman index, as in the U.S. Merger Guidelines, 2023, 2.1)
// Where all are 0: jain is 1, gini 0, hhi 0.

#include <cstdint>
#include <optional>
#include <span>

namespace market {

inline constexpr std::int64_t largest_share = (std::int64_t{1} << 43) - 1;
inline constexpr std::size_t most_shares = std::size_t{1} << 20;

std::optional<double> jain(std::span<const std::int64_t> values);
std::optional<double> gini(std::span<const std::int64_t> values);
std::optional<std::int64_t> hhi(std::span<const std::int64_t> values);

}  // namespace market
