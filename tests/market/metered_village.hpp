#pragma once
// The village slot by slot: what home 1 imports and home 3 exports in each.

#include <doctest/doctest.h>

#include "tests/market/village_support.hpp"

namespace market_test {

// One of both is quarantined.
enum class Quarantined { none, home_1, home_3 };

struct MeteredVillage {
  MeteredVillage() { v.register_all(); }
  void accept(const Transaction& tx, std::int64_t time_ms = 0) {
    const std::string why = v.refusal(tx, time_ms);
    REQUIRE_MESSAGE(why.empty(), why);
  }
  // Wh, in the slot that ends.
  const ClosedSlot& close(std::int64_t imported, std::int64_t exported,
                          Quarantined quarantined = Quarantined::none) {
    const std::int64_t end = (slot + 1) * 120'000;
    in += imported * 1000;
    out += exported * 1000;
    for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 2 * slot + 2);
    accept(Village::marks(0, slot,
                          {Village::mark(1, slot, in, 500, quarantined == Quarantined::home_1),
                           Village::mark(2, slot, 0, 500)}),
           end);
    accept(Village::marks(1, slot,
                          {Village::mark(3, slot, 0, out, quarantined == Quarantined::home_3),
                           Village::mark(4, slot, 0, 500)}),
           end);
    REQUIRE(v.close(end) == 1);
    REQUIRE(v.state().broken_invariant().empty());
    ++slot;
    return *v.state().last_closed();
  }
  Village v;
  std::uint32_t slot = 0;
  std::int64_t in = 0, out = 500;  // registers, mWh
};

}  // namespace market_test
