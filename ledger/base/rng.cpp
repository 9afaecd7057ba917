#include "ledger/base/rng.hpp"

#include <bit>
#include <cmath>
#include <numbers>

#include "ledger/base/invariant.hpp"

namespace ledger {
namespace {

std::uint64_t splitmix64(std::uint64_t& x) {
  x += 0x9e3779b97f4a7c15u;
  std::uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::uint64_t mix_label(std::uint64_t seed, std::string_view label) {
  std::uint64_t h = seed ^ 0x6a09e667f3bcc909u;
  for (const char c : label) {
    h ^= static_cast<std::uint8_t>(c);
    h = splitmix64(h);
  }
  h ^= label.size();
  return splitmix64(h);
}

}  // namespace

Rng::Rng(std::uint64_t seed) : seed_(seed), state_{} {
  std::uint64_t x = seed;
  for (auto& word : state_) word = splitmix64(x);
}

Rng Rng::fork(std::string_view label) const { return Rng(mix_label(seed_, label)); }

Rng Rng::fork(std::string_view label, std::uint64_t number) const {
  std::uint64_t h = mix_label(seed_, label) ^ number;
  return Rng(splitmix64(h));
}

std::uint64_t Rng::next() {
  const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Rng::below(std::uint64_t bound) {
  invariant(bound > 0, "an empty range has no number");
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t draw = next();
  while (draw >= limit) draw = next();
  return draw % bound;
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double Rng::uniform(double low, double high) { return low + (high - low) * uniform(); }

double Rng::normal() {
  // Box and Muller, one of the pair: a stream's next draw then never depends on a kept half.
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::array<std::uint8_t, 32> Rng::bytes32() {
  std::array<std::uint8_t, 32> out{};
  for (std::size_t i = 0; i < out.size(); i += 8) {
    const std::uint64_t word = next();
    for (std::size_t k = 0; k < 8; ++k) out[i + k] = static_cast<std::uint8_t>(word >> (8 * k));
  }
  return out;
}

}  // namespace ledger
