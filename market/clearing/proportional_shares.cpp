#include "market/clearing/proportional_shares.hpp"

#include <algorithm>

#include "ledger/base/amounts.hpp"

namespace market {

using ledger::invariant;
using ledger::Wide;

std::vector<std::int64_t> proportional_shares(std::span<const std::int64_t> weights,
                                              std::int64_t total) {
  std::int64_t sum = 0;
  for (const std::int64_t w : weights)
    invariant(w >= 0 && !__builtin_add_overflow(sum, w, &sum), "weights of 0 or more, in 64 bits");
  invariant(total >= 0, "a total of 0 or more");
  std::vector<std::int64_t> out(weights.begin(), weights.end());
  if (sum == total) return out;
  if (sum == 0) return out;
  struct Remainder {
    std::int64_t value;
    std::size_t at;
  };
  std::vector<Remainder> remainders;
  remainders.reserve(weights.size());
  std::int64_t left = total;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Wide product = static_cast<Wide>(weights[i]) * total;
    out[i] = static_cast<std::int64_t>(product / sum);
    left -= out[i];
    remainders.push_back({static_cast<std::int64_t>(product % sum), i});
  }
  // One each for the `left` largest: which ones they are matters, not their order.
  std::nth_element(remainders.begin(), remainders.begin() + left, remainders.end(),
                   [](const Remainder& a, const Remainder& b) {
                     return a.value != b.value ? a.value > b.value : a.at < b.at;
                   });
  for (std::int64_t k = 0; k < left; ++k) ++out[remainders[static_cast<std::size_t>(k)].at];
  return out;
}

}  // namespace market
