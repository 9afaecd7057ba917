#pragma once
// Several words for one quantity: what counts is their median, by integers, so that every validator
// and auditor has the same.
//
//   median       of an odd number of values the middle one, of an even number the mean of the two
//                in the middle, rounded down
//   liars        of n who speak, f = (n - 1) / 2 (whole part) may lie or be silent
//   enough       more than 2 f words at any time; n - f once no more will come, of which honest
//                ones are then the most, since no honest one is late
//
// Under these the median lies within the honest words' range. Of findings the median of each figure
// is taken by itself: losses, what is not metered, both sigmas and the number of homes; bound,
// balance and verdict follow from those. The estimation's statistics are those of the findings
// whose chi-square is the median, of two the lower. Findings lie apart where one of the four
// energies is farther from the median's than the median's sigma.

#include <span>

#include "ledger/oracle/feeder_evidence.hpp"

namespace ledger {

std::int64_t median(std::vector<std::int64_t> values);  // of at least one

constexpr std::size_t most_liars(std::size_t n) { return n == 0 ? 0 : (n - 1) / 2; }
constexpr bool enough(std::size_t words, std::size_t n, bool no_more) {
  return words > 2 * most_liars(n) || (no_more && words > 0 && words >= n - most_liars(n));
}

// Of findings about one feeder, slot and sums, each of them consistent; at least one.
FeederFindings median_findings(std::span<const FeederFindings> all);
bool lies_apart(const FeederFindings& findings, const FeederFindings& median);

}  // namespace ledger
