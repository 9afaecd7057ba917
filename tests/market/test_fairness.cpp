#include <doctest/doctest.h>
#include <numeric>
#include <vector>

#include "ledger/base/rng.hpp"
#include "market/settlement/fairness.hpp"

using namespace market;
using Values = std::vector<std::int64_t>;

TEST_CASE("All alike is fair, one that has all is not") {
  const Values alike(8, 5), one{0, 0, 0, 40};
  CHECK(*jain(alike) == 1);
  CHECK(*gini(alike) == 0);
  CHECK(*hhi(alike) == 1250);
  CHECK(*jain(one) == doctest::Approx(0.25));
  CHECK(*gini(one) == doctest::Approx(0.75));
  CHECK(*hhi(one) == 10'000);
}

TEST_CASE("Worked by hand") {
  const Values v{1, 2, 3, 4};
  CHECK(*jain(v) == doctest::Approx(100.0 / 120));
  CHECK(*gini(v) == doctest::Approx(0.25));
  CHECK(*hhi(v) == 3000);
  CHECK(*hhi(Values{1, 1, 1}) == 3333);
}

TEST_CASE("Zeros, and what is refused") {
  const Values zeros(3, 0);
  CHECK(*jain(zeros) == 1);
  CHECK(*gini(zeros) == 0);
  CHECK(*hhi(zeros) == 0);
  CHECK(!jain(Values{}));
  CHECK(!gini(Values{-1, 2}));
  CHECK(!hhi(Values{largest_share + 1}));
}

TEST_CASE("The largest values do not overflow") {
  const Values most(1000, largest_share);
  CHECK(*jain(most) == doctest::Approx(1));
  CHECK(*gini(most) == doctest::Approx(0));
  CHECK(*hhi(most) == 10);
}

TEST_CASE("Gini by its definition over all pairs, for random values") {
  ledger::Rng rng(7);
  for (int run = 0; run < 200; ++run) {
    Values v(2 + rng.below(20));
    for (std::int64_t& x : v) x = static_cast<std::int64_t>(rng.below(1000));
    v[0] = 1;  // never all zero
    double pairs = 0;
    for (const std::int64_t a : v)
      for (const std::int64_t b : v) pairs += static_cast<double>(a > b ? a - b : b - a);
    const auto n = static_cast<double>(v.size());
    const auto sum = static_cast<double>(std::accumulate(v.begin(), v.end(), std::int64_t{0}));
    CHECK(*gini(v) == doctest::Approx(pairs / (2 * n * sum)));
  }
}
