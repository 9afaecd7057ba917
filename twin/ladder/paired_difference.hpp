#pragma once
// The mean of values with its 95 % interval by Student's t, as far as they are independent and
// roughly normal: mean +- t(0.975, n - 1) s / sqrt(n), s with n - 1. Of differences of runs with
// the same seed it is the paired comparison. One value has a mean and no interval.

#include <optional>
#include <vector>

namespace twin {

struct Estimate {
  double mean = 0;
  std::optional<double> low, high;
};

Estimate estimate_of(const std::vector<double>& values);

// t(0.975) of so many degrees of freedom, 1 or more: to 1e-3 from a table up to 30, and beyond by
// Cornish-Fisher's first two terms.
double student_t_975(std::size_t degrees);

}  // namespace twin
