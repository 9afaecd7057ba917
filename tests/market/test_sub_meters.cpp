#include <doctest/doctest.h>

#include "market/settlement/sub_meters.hpp"
#include "tests/market/book_support.hpp"

using namespace ledger;
using namespace market;
using namespace market_test;

namespace {

Tenant tenant(std::uint8_t n, std::uint32_t weight) { return {{n}, weight}; }

Statement bill_of(std::int64_t imported, std::int64_t exported, std::int64_t bought,
                  std::int64_t sold, std::uint32_t slot) {
  Statement s;
  s.account = account(1);
  s.meter = {1};
  s.slot = s.since = {slot};
  s.imported = {imported};
  s.exported = {exported};
  s.bought = s.contracted_buy = {bought};
  s.sold = s.contracted_sell = {sold};
  price_statement(s, Price{123'457}, {{300'000}, {80'000}, {90'000}, {30'000}, {50'000}});
  return s;
}

}  // namespace

TEST_CASE("sub-meters: three tenants by hand") {
  const std::vector<Tenant> tenants{tenant(1, 50), tenant(2, 30), tenant(3, 20)};
  const Statement s = bill_of(1001, 0, 0, 0, 0);
  const auto bills = tenant_bills(s, tenants);
  REQUIRE(bills.size() == 3);
  CHECK(bills[0].part.imported == WattHours{501});  // 500.5, 300.3, 200.2
  CHECK(bills[1].part.imported == WattHours{300});
  CHECK(bills[2].part.imported == WattHours{200});
  CHECK(bills[0].part.retail_energy + bills[1].part.retail_energy + bills[2].part.retail_energy ==
        s.retail_energy);
}

TEST_CASE("sub-meters: sums are the meter's in every field, over 2,000 random bills") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    const auto draw = [&](std::int64_t most) {
      return static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most) + 1));
    };
    std::vector<Tenant> tenants;
    for (std::uint8_t n = 0; n < 1 + rng.below(9); ++n)
      tenants.push_back(tenant(n, static_cast<std::uint32_t>(1 + rng.below(1000))));
    const std::int64_t imported = draw(rng.chance(0.5) ? 5 : 90'000), exported = draw(5000);
    const Statement s = bill_of(imported, exported, draw(imported), draw(exported),
                                static_cast<std::uint32_t>(rng.below(1000)));
    Statement sum;
    for (const auto& [who, part] : tenant_bills(s, tenants)) {
      REQUIRE(part.bought <= part.imported);
      REQUIRE(part.sold <= part.exported);
      for (auto field : {&Statement::imported, &Statement::exported, &Statement::contracted_buy,
                         &Statement::contracted_sell, &Statement::bought, &Statement::sold,
                         &Statement::minted, &Statement::retired})
        sum.*field += part.*field;
      for (auto field :
           {&Statement::trade_paid, &Statement::trade_earned, &Statement::local_grid_fee,
            &Statement::trade_levies, &Statement::retail_energy, &Statement::grid_fee,
            &Statement::levies, &Statement::feed_in, &Statement::total})
        sum.*field += part.*field;
    }
    Statement expected = s;
    sum.account = s.account;
    sum.meter = s.meter;
    sum.slot = s.slot;
    sum.since = s.since;
    sum.standing = s.standing;
    expected.balance = {};
    REQUIRE(sum == expected);
  }
}

TEST_CASE("sub-meters: odd units go to another tenant in each slot") {
  const std::vector<Tenant> tenants{tenant(1, 1), tenant(2, 1), tenant(3, 1)};
  std::array<std::int64_t, 3> got{};
  for (std::uint32_t slot = 0; slot < 30; ++slot) {
    const auto bills = tenant_bills(bill_of(1, 0, 0, 0, slot), tenants);
    for (std::size_t i = 0; i < 3; ++i) got[i] += bills[i].part.imported.value;
  }
  CHECK(got == std::array<std::int64_t, 3>{10, 10, 10});
}
