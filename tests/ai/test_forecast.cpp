#include <cmath>
#include <doctest/doctest.h>

#include "ai/forecast.hpp"
#include "ledger/base/rng.hpp"

using namespace ai;

namespace {

using Series = std::vector<std::int64_t>;

Series days(std::initializer_list<Series> list) {
  Series out;
  for (const Series& day : list) out.insert(out.end(), day.begin(), day.end());
  return out;
}

}  // namespace

TEST_CASE("without a whole day there is no forecast") {
  CHECK(seven_day_mean({}, 4).empty());
  CHECK(seven_day_mean(Series{1, 2, 3}, 4).empty());
  CHECK(seven_day_mean(Series{1, 2, 3}, 0).empty());
  CHECK(persistence({}, 4).empty());
  CHECK(persistence(Series{1, 2, 3}, 4).empty());
  CHECK(persistence(Series{1, 2, 3}, 0).empty());
}

TEST_CASE("the mean is taken slot by slot over at most seven days") {
  CHECK(seven_day_mean(Series{5, -7}, 2) == Series{5, -7});
  CHECK(seven_day_mean(days({{10, 0}, {20, 3}, {30, 6}}), 2) == Series{20, 3});
  Series eight(2 * 8, 7);
  eight[0] = 1'000'000;  // the eighth day back has no say
  CHECK(seven_day_mean(eight, 2) == Series{7, 7});
  eight[2] = 7 + 70;  // the seventh has
  CHECK(seven_day_mean(eight, 2) == Series{17, 7});
}

TEST_CASE("halves are rounded away from zero") {
  CHECK(seven_day_mean(days({{1, -1, 2}, {2, -2, 2}}), 3) == Series{2, -2, 2});
  CHECK(seven_day_mean(days({{1, -1}, {1, -1}, {2, -2}}), 2) == Series{1, -1});  // 1.33
}

TEST_CASE("persistence is the last day") {
  CHECK(persistence(days({{1, 2}, {3, 4}, {5, 6}}), 2) == Series{5, 6});
}

TEST_CASE("scores are those of the definitions") {
  ForecastScore score;
  CHECK(score.mae() == 0);
  CHECK(score.rmse() == 0);
  CHECK(score.nmae() == 0);
  score.add(10, 13);  // error -3
  score.add(10, 6);   // error 4
  score.add(-5, -5);
  CHECK(score.n == 3);
  CHECK(score.mae() == doctest::Approx(7.0 / 3));
  CHECK(score.rmse() == doctest::Approx(std::sqrt(25.0 / 3)));
  CHECK(score.nmae() == doctest::Approx(7.0 / 24));
}

TEST_CASE("a score of nothing but zeros divides by nothing") {
  ForecastScore score;
  score.add(3, 0);
  CHECK(score.mae() == 3);
  CHECK(score.nmae() == 0);
}

TEST_CASE("on days that are one pattern with noise the mean beats persistence") {
  ledger::Rng rng(11);
  Series history;
  for (int i = 0; i < 30 * 96; ++i)
    history.push_back(300 + 200 * (i % 96 / 48) + static_cast<std::int64_t>(100 * rng.normal()));
  ForecastScore mean, last;
  for (std::size_t day = 7; day < 30; ++day) {
    const auto known = std::span<const std::int64_t>(history).first(day * 96);
    const auto a = seven_day_mean(known, 96), b = persistence(known, 96);
    for (std::size_t s = 0; s < 96; ++s) {
      mean.add(a[s], history[day * 96 + s]);
      last.add(b[s], history[day * 96 + s]);
    }
  }
  // Independent noise: errors of sigma sqrt(1 + 1/7) against sigma sqrt(2), a ratio of 0.756.
  CHECK(mean.mae() / last.mae() == doctest::Approx(0.756).epsilon(0.04));
}
