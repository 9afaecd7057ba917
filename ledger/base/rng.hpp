#pragma once
// The one source of randomness: xoshiro256++ (Blackman and Vigna, 2019), seeded through
// splitmix64. Every entity forks its own stream by label, so adding one never changes another's.

#include <array>
#include <cstdint>
#include <string_view>

namespace ledger {

class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  // An independent stream: depends on this stream's seed and the label, not on what was drawn.
  Rng fork(std::string_view label) const;
  Rng fork(std::string_view label, std::uint64_t number) const;

  std::uint64_t next();                      // 64 uniform bits
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound), bound > 0, unbiased
  double uniform();                          // uniform in [0, 1), 53 bits
  double uniform(double low, double high);   // uniform in [low, high)
  double normal();                           // mean 0, standard deviation 1
  bool chance(double probability) { return uniform() < probability; }
  std::array<std::uint8_t, 32> bytes32();

 private:
  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_;
};

}  // namespace ledger
