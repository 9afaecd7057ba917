// Grid fees that differ by slot: what is taken and refused, and that bills and corrections follow.

#include "market/entries/fee_change.hpp"
#include "tests/market/metered_village.hpp"
#include "tests/market/refused_with.hpp"

using namespace market_test;

namespace {

const Hash village_id = chain_id_of(village_genesis());

Transaction told(std::uint32_t first, std::vector<std::int32_t> added,
                 const char* signer = "grid operator") {
  return fee_change_of(village_id, {first}, std::move(added), signer_of(signer));
}

}  // namespace

TEST_CASE("tariff change: its bytes are canonical") {
  const FeeChange change{{7}, {50'000, -90'000, 0}, {}};
  const auto back = decode_fee_change(encode(change));
  REQUIRE(back);
  CHECK(back->added == change.added);
  CHECK(back->first == Slot{7});
  CHECK(!decode_fee_change(encode(FeeChange{{7}, {}, {}})));
  CHECK(!decode_fee_change(encode(FeeChange{{7}, std::vector<std::int32_t>(1001), {}})));
  CHECK(decode_fee_change(encode(FeeChange{{7}, std::vector<std::int32_t>(1000), {}})));
  CHECK(!decode_fee_change(encode(FeeChange{{UINT32_MAX}, {1}, {}})));
  Bytes longer = encode(change);
  longer.push_back(0);
  CHECK(!decode_fee_change(longer));
}

TEST_CASE("tariff change: bills follow the fee of their slot, and nothing else changes") {
  MeteredVillage b;
  b.accept(told(1, {50'000, -90'000}), 0);
  const Statement before = b.close(1000, 500).settlement.statements[0];
  CHECK(before.grid_fee == MicroEuros{90'000});
  CHECK(b.v.state().tariff_in({1}).grid_fee == Price{140'000});
  b.accept(Village::order(1, 1, Side::buy, 300, 200'000, 1), 120'000);
  b.accept(Village::order(3, 1, Side::sell, 300, 100'000, 3), 120'000);
  const ClosedSlot& dear = b.close(1000, 500);
  const Statement& s = dear.settlement.statements[0];
  CHECK(s.bought == WattHours{300});
  CHECK(s.grid_fee == MicroEuros{700 * 140});
  CHECK(s.retail_energy == MicroEuros{700 * 160});
  CHECK(s.local_grid_fee == MicroEuros{300 * 30});
  CHECK(s.levies == MicroEuros{700 * 50});
  CHECK(dear.settlement.statements[2].feed_in == MicroEuros{200 * 80});
  const Statement cheap = b.close(1000, 500).settlement.statements[0];
  CHECK(cheap.grid_fee == MicroEuros{});
  CHECK(cheap.retail_energy == before.retail_energy);
  CHECK(b.close(1000, 500).settlement.statements[0].grid_fee == MicroEuros{90'000});
}

TEST_CASE("tariff change: a ruling takes the prices of the slot that settled the energy") {
  MeteredVillage b;
  b.close(100, 500);
  b.accept(told(2, {50'000}), 120'000);
  b.close(1000, 500, Quarantined::home_1);  // settles with the next slot's mark
  const Statement recovering = b.close(0, 500).settlement.statements[0];
  CHECK(recovering.standing == Standing::recovering);
  CHECK(recovering.grid_fee == MicroEuros{1000 * 140});
  b.accept(Village::rulings(4, {Village::ruling(1, 4, 2, Outcome::replacement, 1000, 0)}), 370'000);
  b.close(0, 0);
  CHECK(b.v.state().tariff_in({2}).grid_fee == Price{140'000});  // kept for the case
  const ClosedSlot& acts = b.close(0, 0);
  REQUIRE(acts.corrections.size() == 1);
  CHECK(acts.corrections[0].grid_fee == MicroEuros{-1000 * 140});
  b.close(0, 0);
  CHECK(b.v.state().tariff_in({2}).grid_fee == Price{90'000});  // and then forgotten
}

TEST_CASE("tariff change: what may not be said is refused by name") {
  MeteredVillage b;
  const auto refused = [&](const Transaction& tx, const char* words) {
    return refused_with(b.v, tx, 0, words);
  };
  CHECK(refused(told(1, {1}, "registrar"), "is not signed by the grid operator"));
  CHECK(refused(told(1, {-90'001}), "that leaves slot 1 a grid fee below 0"));
  CHECK(
      refused(told(1, {0, 99'700'001}), "that leaves slot 2 a grid fee below 0 or a price above"));
  CHECK(refused(told(1, {INT32_MIN}), "a grid fee below 0"));
  CHECK(refused(told(1, {INT32_MAX}), "a price above 100 EUR/kWh"));
  CHECK(refused(told(5000, {1}), "of a slot too far ahead"));
  b.accept(told(2, {1, 2}), 0);
  CHECK(refused(told(1, {5, 5}), "a tariff change of slot 2, which has one"));
  CHECK(b.v.state().tariff_in({1}).grid_fee == Price{90'000});  // nothing of it is kept
  CHECK(b.v.state().beyond(told(2, {7})));
  CHECK(refused_with(b.v, told(1, {5}), 120'001, "of a slot that has begun"));
  Genesis without = village_genesis();
  without.grid_operator = {};
  Village nobody(without);
  CHECK(refused_with(nobody,
                     fee_change_of(chain_id_of(without), {1}, {1}, signer_of("grid operator")), 0,
                     "this chain has no grid operator"));
}
