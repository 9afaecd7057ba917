#include <doctest/doctest.h>

#include "market/clearing/tariff.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

TEST_CASE("a genesis whose terms the market cannot carry out is refused by its key") {
  CHECK(check_terms(village_genesis()));
  const auto refused = [](const char* key, auto change) {
    Genesis g = village_genesis();
    change(g);
    const auto terms = check_terms(g);
    return !terms && terms.error().find(key) != std::string::npos;
  };
  for (const char* name : {"", "auction", "uniform\n"})
    CHECK(refused("mechanism", [&](Genesis& g) { g.mechanism = name; }));
  for (const auto& [name, price] : {std::pair{"retail_buy", &Genesis::retail_buy},
                                    {"retail_sell", &Genesis::retail_sell},
                                    {"grid_fee", &Genesis::grid_fee},
                                    {"local_grid_fee", &Genesis::local_grid_fee},
                                    {"levies", &Genesis::levies}})
    for (const std::int64_t wrong : {std::int64_t{-1}, max_order_price.value + 1, INT64_MAX}) {
      const char* const key = name;  // clang 14 captures no structured binding
      CAPTURE(key);
      CHECK(refused(key, [&, p = price](Genesis& g) { (g.*p).value = wrong; }));
    }
  for (const auto& [name, period] : {std::pair{"slot_ms", &Genesis::slot_ms},
                                     {"batch_ms", &Genesis::batch_ms},
                                     {"block_ms", &Genesis::block_ms},
                                     {"metering_ms", &Genesis::metering_ms},
                                     {"close_grace_ms", &Genesis::close_grace_ms}})
    for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{86'400'001}, INT64_MAX}) {
      const char* const key = name;  // clang 14 captures no structured binding
      CAPTURE(key);
      CHECK(refused(key, [&, p = period](Genesis& g) { g.*p = wrong; }));
    }
  for (const std::int64_t wrong : {std::int64_t{-1}, max_capacity_price.value + 1, INT64_MAX})
    CHECK(refused("capacity_price", [&](Genesis& g) { g.capacity_price = {wrong}; }));
  // No amount of such a slot is beyond 64 bits.
  Genesis short_slots = village_genesis();
  short_slots.slot_ms = 59'999;
  CHECK(check_terms(short_slots));
  short_slots.capacity_price = {1};
  CHECK(check_terms(short_slots).error() ==
        "genesis: slot_ms is 59999; with a capacity_price a minute at least is allowed");
  short_slots.slot_ms = 60'000;
  CHECK(check_terms(short_slots));
}

TEST_CASE("what a kWh costs on each path") {
  const Tariff t = tariff_of(village_genesis());
  CHECK(t.retail_energy() == Price{160'000});
  CHECK(t.break_even() == Price{220'000});
  // At the break-even price a neighbour's kWh and the retailer's cost the same.
  CHECK(t.break_even() + t.local_grid_fee + t.levies == t.retail_buy);
}
