// Findings about a feeder: arithmetic that a validator repeats in integers, its encoding, and the
// bound on minting.

#include <cmath>
#include <doctest/doctest.h>
#include <functional>

#include "ledger/base/rng.hpp"
#include "ledger/oracle/feeder_evidence.hpp"
#include "ledger/oracle/feeder_median.hpp"

using namespace ledger;

namespace {

// A quarter hour of 40 homes, mWh: 10 kWh through the feeder meter, 9.6 kWh net of homes.
FeederFindings raw() {
  FeederFindings f;
  f.feeder = 3;
  f.slot = {17};
  f.metered = 38;
  f.quarantined = 1;
  f.missing = 1;
  f.feeder_import = {10'400'000};
  f.feeder_export = {400'000};
  f.homes_import = {11'000'000};
  f.homes_export = {1'700'000};
  f.losses = {200'000};
  f.unmetered = {400'000};
  f.meters_sigma = {40'000};
  f.losses_sigma = {30'000};
  f.chi_square = 41'000;
  f.degrees_of_freedom = 40;
  f.largest_residual = 2'100;
  f.suspect = {12};
  f.quantity = MeteredQuantity::voltage;
  f.alike = 1;
  f.undetectable = 2;
  f.iterations = 4;
  return f;
}

FeederSums sums_of(const FeederFindings& f) {
  return {f.feeder_import, f.feeder_export, f.homes_import, f.homes_export};
}

}  // namespace

TEST_CASE("what follows from the energies: balance, deviation, bound, threshold, verdict") {
  const auto f = complete(raw());
  REQUIRE(f);
  CHECK(f->balance.value == 10'400'000 - 400'000 - 9'300'000 - 200'000 - 400'000);
  CHECK(f->sigma.value == 50'000);  // 3, 4, 5
  CHECK(f->z == 2'000);
  CHECK(f->loss_bound.value == 290'000);
  CHECK(f->verdict == 0);
  CHECK(consistent(*f, sums_of(*f)));

  FeederFindings odd = raw();
  odd.meters_sigma = {40'001};
  CHECK(complete(odd)->sigma.value == 50'001);  // rounded up
}

TEST_CASE("each verdict bit at its threshold") {
  FeederFindings f = raw();
  f.feeder_import.value += 50'000;  // z = 3.000: within
  CHECK(complete(f)->verdict == 0);
  f.feeder_import.value += 50;  // 3.001
  CHECK(complete(f)->verdict == bit(FeederRule::balance));
  f.feeder_import.value -= 6 * 50'000 + 100;  // -3.001
  CHECK(complete(f)->z == -3'001);
  CHECK(complete(f)->verdict == bit(FeederRule::balance));

  f = raw();
  f.chi_square = chi_square_99(40);
  CHECK(complete(f)->verdict == 0);
  f.chi_square += 1;
  CHECK(complete(f)->verdict == bit(FeederRule::chi_square));

  f = raw();
  f.largest_residual = 3'000;
  CHECK(complete(f)->verdict == 0);
  f.largest_residual = 3'001;
  CHECK(complete(f)->verdict == bit(FeederRule::residual));
}

TEST_CASE("chi-square's 99 % points against tables") {
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.4, upper tail 0.01.
  const std::vector<std::pair<std::uint32_t, double>> points{
      {1, 6.635},   {2, 9.210},   {3, 11.345},  {4, 13.277},  {5, 15.086},
      {10, 23.209}, {20, 37.566}, {30, 50.892}, {50, 76.154}, {100, 135.807}};
  for (const auto& [degrees, value] : points) {
    const auto of = degrees;  // clang 14 captures no structured binding
    CAPTURE(of);
    const double ours = static_cast<double>(chi_square_99(degrees)) / 1000;
    CHECK(std::abs(ours / value - 1) <= (degrees < 3 ? 1e-9 : degrees < 20 ? 0.0025 : 0.001));
  }
  CHECK(chi_square_99(0) == 0);
  // n + 2.326 sqrt(2n) + (2/3)(2.326^2 - 1): Fisher and Cornish's first terms.
  CHECK(static_cast<double>(chi_square_99(1'000'000)) / 1000 ==
        doctest::Approx(1'003'292.9).epsilon(1e-6));
  for (std::uint32_t n = 1; n < 300; ++n) CHECK(chi_square_99(n) > chi_square_99(n - 1));
}

TEST_CASE("findings that do not follow, or are of other sums, are refused") {
  const FeederFindings f = *complete(raw());
  using Change = std::function<void(FeederFindings&)>;
  const std::vector<std::pair<const char*, Change>> changes{
      {"balance", [](auto& x) { x.balance.value += 1; }},
      {"sigma", [](auto& x) { x.sigma.value += 1; }},
      {"smaller sigma of meters", [](auto& x) { x.meters_sigma.value -= 2; }},
      {"losses", [](auto& x) { x.losses.value += 1; }},
      {"sigma of losses", [](auto& x) { x.losses_sigma.value += 1; }},
      {"loss bound", [](auto& x) { x.loss_bound.value += 1; }},
      {"unmetered", [](auto& x) { x.unmetered.value -= 1; }},
      {"z", [](auto& x) { x.z -= 1; }},
      {"threshold", [](auto& x) { x.threshold += 1; }},
      {"degrees", [](auto& x) { x.degrees_of_freedom += 1; }},
      {"bit that is set", [](auto& x) { x.verdict |= 1; }},
      {"unknown bit", [](auto& x) { x.verdict |= 8; }},
      {"chi-square hidden", [](auto& x) { x.chi_square = 70'000; }},
      {"residual hidden", [](auto& x) { x.largest_residual = 9'000; }},
      {"feeder import", [](auto& x) { x.feeder_import.value += 1; }},
      {"homes export", [](auto& x) { x.homes_export.value += 1; }},
  };
  for (const auto& [name, change] : changes) {
    const auto of = name;  // clang 14 captures no structured binding
    CAPTURE(of);
    FeederFindings changed = f;
    change(changed);
    CHECK_FALSE(consistent(changed, sums_of(f)));
  }
  for (int k = 0; k < 4; ++k) {
    FeederSums other = sums_of(f);
    std::array{&other.feeder_import, &other.feeder_export, &other.homes_import,
               &other.homes_export}[static_cast<std::size_t>(k)]
        ->value += 1;
    CHECK_FALSE(consistent(f, other));
  }
}

TEST_CASE("figures beyond their bounds fail by name, and none overflows") {
  const std::vector<std::pair<std::string, std::function<void(FeederFindings&)>>> changes{
      {"feeder_import", [](auto& x) { x.feeder_import.value = INT64_MAX; }},
      {"feeder_export", [](auto& x) { x.feeder_export.value = -1; }},
      {"homes_import", [](auto& x) { x.homes_import.value = INT64_MIN; }},
      {"homes_export", [](auto& x) { x.homes_export.value = (std::int64_t{1} << 48) + 1; }},
      {"losses", [](auto& x) { x.losses.value = -1; }},
      {"unmetered", [](auto& x) { x.unmetered.value = INT64_MIN; }},
      {"meters_sigma", [](auto& x) { x.meters_sigma.value = 0; }},
      {"losses_sigma", [](auto& x) { x.losses_sigma.value = -1; }},
      {"chi_square", [](auto& x) { x.chi_square = -1; }},
      {"chi-square", [](auto& x) { x.degrees_of_freedom = 0; }},
      {"degrees_of_freedom", [](auto& x) { x.degrees_of_freedom = UINT32_MAX; }},
      {"largest_residual", [](auto& x) { x.largest_residual = INT64_MIN; }},
      {"quantity", [](auto& x) { x.quantity = static_cast<MeteredQuantity>(5); }},
      {"of nothing", [](auto& x) { x.quantity = MeteredQuantity::none; }},
  };
  for (const auto& [name, change] : changes) {
    const auto of = name;  // clang 14 captures no structured binding
    CAPTURE(of);
    FeederFindings f = raw();
    change(f);
    const auto completed = complete(f);
    REQUIRE_FALSE(completed);
    CHECK(completed.error().find(name) != std::string::npos);
    CHECK_FALSE(decode_feeder_findings(encode(f)));
  }
  FeederFindings most = raw();  // all at their bounds
  most.feeder_import.value = most.homes_export.value = most.losses.value = std::int64_t{1} << 48;
  most.feeder_export.value = most.homes_import.value = 0;
  most.unmetered.value = -(std::int64_t{1} << 48);
  most.meters_sigma.value = 1;
  most.losses_sigma.value = 0;
  REQUIRE(complete(most));
  CHECK(complete(most)->z == (std::int64_t{1} << 49) * 1000);
}

TEST_CASE("one encoding of 164 bytes; any other length, version or rubbish is refused") {
  const FeederFindings f = *complete(raw());
  const Bytes bytes = encode(f);
  CHECK(bytes.size() == feeder_findings_size);
  const auto back = decode_feeder_findings(bytes);
  REQUIRE(back);
  CHECK(*back == f);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(decode_feeder_findings(BytesView(bytes).first(n)));
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(decode_feeder_findings(longer));
  for (const std::uint8_t v : {0, 2, 255}) {
    Bytes other = bytes;
    other[0] = v;
    CHECK_FALSE(decode_feeder_findings(other));
  }
  // What is read is written back the same, or not read at all; checking it never ends the process.
  Rng rng(1);
  for (int k = 0; k < 2000; ++k) {
    Bytes flipped = bytes;
    for (std::uint64_t n = 1 + rng.below(3); n-- > 0;)
      flipped[rng.below(flipped.size())] ^= static_cast<std::uint8_t>(1 + rng.below(255));
    const auto read = decode_feeder_findings(flipped);
    if (!read) continue;
    CHECK(encode(*read) == flipped);
    if (consistent(*read, sums_of(*read))) CHECK(encode(*complete(*read)) == flipped);
  }
}

TEST_CASE("a feeder cannot mint more than its meter leaves room for") {
  FeederFindings f = raw();
  f.unmetered = {};
  f.feeder_import = {8'000'000};
  f.feeder_export = {0};
  f.homes_import = {9'000'000};
  f.homes_export = {1'200'000};
  f.losses = {200'000};
  f = *complete(f);
  CHECK(f.balance.value == 0);
  // 9.0 - 8.0 + 0.29 kWh and 3 times 40 Wh: what was exported, 1.2 kWh, fits.
  CHECK(mint_bound(f).value == 1'410'000);
  CHECK(f.homes_export <= mint_bound(f));

  // A home that says 1 kWh more than it fed in: nothing else on the feeder moves.
  FeederFindings fraud = f;
  fraud.homes_export.value += 1'000'000;
  fraud = *complete(fraud);
  CHECK(fraud.verdict == bit(FeederRule::balance));
  CHECK(fraud.homes_export > mint_bound(fraud));

  // Nothing can have been exported where the feeder took more than homes say to have drawn.
  f.feeder_import.value = 20'000'000;
  CHECK(mint_bound(*complete(f)).value == 0);
}

namespace {

// By counting: as many at or below as at or above, between two in the middle the lower whole.
std::int64_t median_by_counting(const std::vector<std::int64_t>& values) {
  const auto n = static_cast<std::int64_t>(values.size());
  std::vector<std::int64_t> in_place(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::size_t place = 0;
    for (std::size_t k = 0; k < values.size(); ++k)
      place += values[k] < values[i] || (values[k] == values[i] && k < i) ? 1 : 0;
    in_place[place] = values[i];
  }
  std::int64_t low = in_place[static_cast<std::size_t>((n - 1) / 2)];
  std::int64_t high = in_place[static_cast<std::size_t>(n / 2)];
  while (low < high) {
    ++low;
    if (low <= high - 1)
      --high;
    else
      return low - 1;
  }
  return low;
}

}  // namespace

TEST_CASE("medians are those that counting gives, of even numbers rounded down") {
  Rng rng(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::int64_t> values(1 + rng.below(9));
    for (std::int64_t& v : values) v = static_cast<std::int64_t>(rng.below(15)) - 7;
    CHECK(median(values) == median_by_counting(values));
  }
  CHECK(median({-3, -2}) == -3);
  CHECK(median({2, 3}) == 2);
  CHECK(median({INT64_MAX, INT64_MAX - 1}) == INT64_MAX - 1);
  CHECK(median({INT64_MIN, INT64_MIN}) == INT64_MIN);
}

TEST_CASE("up to f liars do not bring the median of findings out of the honest ones' range") {
  Rng rng(4);
  for (std::size_t n = 1; n <= 9; ++n) {
    const std::size_t f = most_liars(n);
    CHECK(2 * f < n);
    for (int round = 0; round < 50; ++round) {
      std::vector<FeederFindings> all;
      for (std::size_t i = 0; i < 2 * f + 1; ++i) {
        FeederFindings one;
        const bool lies = i < f;
        one.losses.value = lies ? (rng.chance(0.5) ? 0 : 1'000'000)
                                : 1000 + static_cast<std::int64_t>(rng.below(100));
        one.meters_sigma.value = lies ? 1 : 50 + static_cast<std::int64_t>(rng.below(10));
        all.push_back(*complete(one));
      }
      CHECK(enough(all.size(), n, false));
      CHECK(!enough(2 * f, n, false));
      const FeederFindings m = median_findings(all);
      CHECK(*complete(m) == m);
      CHECK(m.losses.value >= 1000);
      CHECK(m.losses.value < 1100);
      CHECK(m.meters_sigma.value >= 50);
      CHECK(m.meters_sigma.value < 60);
      for (std::size_t i = 0; i < f; ++i) CHECK(lies_apart(all[i], m));
    }
  }
  CHECK(!enough(0, 1, true));
  CHECK(enough(2, 3, true));
  CHECK(!enough(1, 3, true));
}
