#include "ledger/oracle/feeder_median.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>

#include "ledger/base/invariant.hpp"

namespace ledger {
namespace {

constexpr std::array<MilliWattHours FeederFindings::*, 4> energies{
    &FeederFindings::losses, &FeederFindings::unmetered, &FeederFindings::meters_sigma,
    &FeederFindings::losses_sigma};
constexpr std::array<std::uint32_t FeederFindings::*, 3> counts{
    &FeederFindings::metered, &FeederFindings::quarantined, &FeederFindings::missing};

// Those whose chi-square is in the middle, of two the lower.
const FeederFindings& middle(std::span<const FeederFindings> all) {
  std::vector<const FeederFindings*> sorted;
  for (const FeederFindings& f : all) sorted.push_back(&f);
  std::sort(sorted.begin(), sorted.end(), [](const FeederFindings* a, const FeederFindings* b) {
    return a->chi_square != b->chi_square ? a->chi_square < b->chi_square : *a < *b;
  });
  return *sorted[(sorted.size() - 1) / 2];
}

}  // namespace

std::int64_t median(std::vector<std::int64_t> values) {
  invariant(!values.empty(), "a median is of at least one value");
  std::sort(values.begin(), values.end());
  const std::int64_t low = values[(values.size() - 1) / 2], high = values[values.size() / 2];
  const Wide sum = static_cast<Wide>(low) + high;
  return static_cast<std::int64_t>(sum >= 0 ? sum / 2 : -((1 - sum) / 2));
}

FeederFindings median_findings(std::span<const FeederFindings> all) {
  FeederFindings out = middle(all);
  for (const auto energy : energies) {
    std::vector<std::int64_t> values;
    for (const FeederFindings& f : all) values.push_back((f.*energy).value);
    (out.*energy).value = median(std::move(values));
  }
  for (const auto count : counts) {
    std::vector<std::int64_t> values;
    for (const FeederFindings& f : all) values.push_back(f.*count);
    out.*count = static_cast<std::uint32_t>(median(std::move(values)));
  }
  const auto completed = complete(out);
  invariant(completed.has_value(), "medians of figures within bounds are within them");
  return *completed;
}

bool lies_apart(const FeederFindings& f, const FeederFindings& m) {
  return std::any_of(energies.begin(), energies.end(), [&](const auto energy) {
    return std::abs((f.*energy - m.*energy).value) > m.sigma.value;
  });
}

}  // namespace ledger
