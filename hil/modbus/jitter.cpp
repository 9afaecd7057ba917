#include "hil/modbus/jitter.hpp"

#include <algorithm>
#include <cmath>

namespace hil {

void Jitter::add(double ms) {
  const double bin = std::min(std::abs(ms) * 10, static_cast<double>(bins_.size() - 1));
  ++bins_[static_cast<std::size_t>(bin)];
}

double Jitter::percentile(double share) const {
  std::uint64_t total = 0;
  for (const std::uint32_t each : bins_) total += each;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    below += bins_[i];
    if (below > 0 && static_cast<double>(below) >= share * static_cast<double>(total))
      return static_cast<double>(i + 1) / 10;
  }
  return 0;
}

}  // namespace hil
