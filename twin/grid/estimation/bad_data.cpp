#include "twin/grid/estimation/bad_data.hpp"

#include <cmath>

#include "ledger/oracle/feeder_evidence.hpp"

namespace twin {

std::optional<BadMeasurement> most_suspect(const Estimate& estimate) {
  std::optional<BadMeasurement> out;
  for (std::size_t k = 0; k < estimate.residuals.size(); ++k) {
    const Residual& r = estimate.residuals[k];
    if (!r.critical && (!out || std::abs(r.normalised) > out->normalised))
      out = BadMeasurement{k, std::abs(r.normalised), 0};
  }
  if (!out) return out;
  for (std::size_t k = 0; k < estimate.residuals.size(); ++k)
    if (k != out->measurement &&
        std::abs(estimate.residuals[k].normalised) >= 0.99 * out->normalised)
      ++out->alike;
  return out;
}

bool fails_chi_square(const Estimate& estimate) {
  const auto degrees = static_cast<std::uint32_t>(estimate.degrees_of_freedom);
  return degrees > 0 &&
         estimate.objective * 1000 > static_cast<double>(ledger::chi_square_99(degrees));
}

ledger::Result<BadData> find_bad_data(StateEstimator& estimator,
                                      std::span<const Measurement> measurements) {
  auto estimate = estimator.estimate(measurements);
  if (!estimate) return ledger::failure(estimate.error());
  BadData out{*estimate, *estimate, false, {}};
  std::vector<Measurement> left(measurements.begin(), measurements.end());
  std::vector<std::size_t> place(left.size());  // in `measurements`
  for (std::size_t k = 0; k < place.size(); ++k) place[k] = k;
  while (out.last.converged && fails_chi_square(out.last) && out.removed.size() < most_removed) {
    const auto suspect = most_suspect(out.last);
    if (!suspect || suspect->normalised <= residual_threshold) break;
    const auto at = static_cast<std::ptrdiff_t>(suspect->measurement);
    const BadMeasurement removed{place[suspect->measurement], suspect->normalised, suspect->alike};
    left.erase(left.begin() + at);
    place.erase(place.begin() + at);
    auto next = estimator.estimate(left);
    if (!next || !next->converged) break;
    out.removed.push_back(removed);
    out.last = std::move(*next);
  }
  out.agree = out.last.converged && !fails_chi_square(out.last);
  return out;
}

}  // namespace twin
