#pragma once
// Which measurements are wrong: while chi-square fails, the one with the largest normalised
// residual is left out and the rest estimated anew (Handschin, Schweppe, Kohlas and Fiechter, IEEE
// Trans. PAS-94, 1975). Of one wrong measurement that others check it finds that one; of several
// that support each other it may take right ones for wrong. Measurements whose normalised residuals
// are alike cannot be told apart: leaving out any of them mends the rest as well.

#include "twin/grid/estimation/state_estimation.hpp"

namespace twin {

inline constexpr double residual_threshold = 3;
inline constexpr std::size_t most_removed = 5;

struct BadMeasurement {
  std::size_t measurement = 0;
  double normalised = 0;  // its residual among those that were left
  std::size_t alike = 0;  // others with one within 1 % of it
};

struct BadData {
  Estimate first;      // of all measurements
  Estimate last;       // of those that are not removed; its residuals lack the removed ones
  bool agree = false;  // chi-square passes at last
  std::vector<BadMeasurement> removed;
};

// The measurement with the largest normalised residual; nothing where all are critical.
std::optional<BadMeasurement> most_suspect(const Estimate& estimate);

// Whether J is beyond the 99 % point of its distribution.
bool fails_chi_square(const Estimate& estimate);

// Fails as an estimate does. Where the first does not converge, or `most_removed` do not suffice,
// or what is left would be unobservable, it stops and does not `agree`.
ledger::Result<BadData> find_bad_data(StateEstimator& estimator,
                                      std::span<const Measurement> measurements);

}  // namespace twin
