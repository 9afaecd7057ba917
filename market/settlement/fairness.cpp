#include "market/settlement/fairness.hpp"

#include <algorithm>
#include <vector>

#include "ledger/base/amounts.hpp"

namespace market {
namespace {

using ledger::Wide;

bool are_shares(std::span<const std::int64_t> values) {
  return !values.empty() && values.size() <= most_shares &&
         std::all_of(values.begin(), values.end(),
                     [](std::int64_t v) { return 0 <= v && v <= largest_share; });
}

Wide sum_of(std::span<const std::int64_t> values) {
  Wide sum = 0;
  for (const std::int64_t v : values) sum += v;
  return sum;
}

Wide squares_of(std::span<const std::int64_t> values) {
  Wide sum = 0;
  for (const std::int64_t v : values) sum += Wide{v} * v;
  return sum;
}

double ratio(Wide numerator, Wide denominator) {
  return static_cast<double>(static_cast<long double>(numerator) /
                             static_cast<long double>(denominator));
}

}  // namespace

std::optional<double> jain(std::span<const std::int64_t> values) {
  if (!are_shares(values)) return std::nullopt;
  const Wide sum = sum_of(values), squares = squares_of(values);
  if (sum == 0) return 1;
  return ratio(sum * sum, squares) / static_cast<double>(values.size());
}

std::optional<double> gini(std::span<const std::int64_t> values) {
  if (!are_shares(values)) return std::nullopt;
  std::vector<std::int64_t> rising(values.begin(), values.end());
  std::sort(rising.begin(), rising.end());
  const auto n = static_cast<std::int64_t>(rising.size());
  Wide weighted = 0;
  for (std::int64_t i = 1; i <= n; ++i)
    weighted += Wide{2 * i - n - 1} * rising[static_cast<std::size_t>(i - 1)];
  const Wide sum = sum_of(values);
  return sum == 0 ? 0 : ratio(weighted, sum * n);
}

std::optional<std::int64_t> hhi(std::span<const std::int64_t> values) {
  if (!are_shares(values)) return std::nullopt;
  const Wide sum = sum_of(values);
  if (sum == 0) return 0;
  // 10,000 squares / sum^2: the product may pass 128 bits, so that large sums are scaled first.
  Wide squares = squares_of(values), whole = sum * sum;
  while (squares > (Wide{1} << 100)) {
    squares >>= 1;
    whole >>= 1;
  }
  return static_cast<std::int64_t>((20'000 * squares + whole) / (2 * whole));
}

}  // namespace market
