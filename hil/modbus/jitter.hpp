#pragma once
// How far arrivals were from their nominal times, in steps of 0.1 ms up to 1000.

#include <cstdint>
#include <vector>

namespace hil {

class Jitter {
 public:
  void add(double ms);
  // 0 where nothing was added.
  double percentile(double share) const;

 private:
  std::vector<std::uint32_t> bins_ = std::vector<std::uint32_t>(10'001);
};

}  // namespace hil
