// A village at random for 240 slots: orders, key changes, a departure, missed marks, rulings.

#include <doctest/doctest.h>

#include "market/settlement/statement_ledger.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

TEST_CASE("240 slots of random trade: both paths agree after every slot") {
  constexpr std::uint32_t leaves = 2, last_slot = 150;
  const Hash chain = chain_id_of(village_genesis());
  std::map<std::uint32_t, std::string> signer{{1, "account 1"}, {2, "account 2"}, {3, "account 3"}};
  Village v;
  v.register_all();
  Rng rng(4);
  StatementLedger second_path;
  for (std::uint32_t meter : {1u, 2u, 3u, 4u}) second_path.add(Village::registered(meter));
  std::size_t rulings = 0, changes = 0;
  std::map<std::uint32_t, std::pair<std::int64_t, std::int64_t>> registers;
  for (std::uint32_t m : {1u, 2u, 3u, 4u}) registers[m] = {0, 500};
  for (std::uint32_t slot = 0; slot < 240; ++slot) {
    const std::int64_t begin = slot * 120'000, end = begin + 120'000;
    auto signer_in_slot = signer;
    std::vector<std::uint32_t> homes{1, 2, 3};
    if (slot > last_slot) homes.erase(homes.begin() + 1);
    for (std::uint32_t m : homes)
      if (rng.chance(0.8))
        REQUIRE(v.refusal(Village::order(m, slot, rng.chance(0.5) ? Side::buy : Side::sell,
                                         1 + static_cast<std::int64_t>(rng.below(500)),
                                         static_cast<std::int64_t>(rng.below(300'000)),
                                         static_cast<std::uint8_t>(m), signer[m]),
                          begin)
                    .empty());
    if (const std::uint32_t m = homes[rng.below(homes.size())]; rng.chance(0.1)) {
      const std::string next = "account " + std::to_string(1000 * m + slot);
      const KeyChange change{account(static_cast<std::uint8_t>(m)), {m}, KeyOf::account, {slot + 1},
                             signer_of(next).public_key(),          {}};
      REQUIRE(
          v.refusal(key_change_of(chain, Village::gateway_of(m), change, Village::restricted_key(m),
                                  &signer_of(signer[m]), signer_of("registrar")),
                    begin)
              .empty());
      signer[m] = next;
      ++changes;
    }
    if (slot == last_slot) {
      const Deregistration leaving{account(leaves), {leaves}, {last_slot}, {}};
      REQUIRE(
          v.refusal(deregistration_of(chain, {0}, leaving, Village::restricted_key(leaves),
                                      signer_of(signer_in_slot[leaves]), signer_of("registrar")),
                    begin)
              .empty());
      second_path.add(leaving);
    }
    for (std::uint32_t g : {0u, 1u}) {
      v.batches_until(g, 2 * slot + 2);
      if (rng.chance(0.1)) continue;  // the gateway misses the slot
      std::vector<Mark> marks;
      for (std::uint32_t m : {2 * g + 1, 2 * g + 2}) {
        auto& [in, out] = registers[m];
        in += static_cast<std::int64_t>(rng.below(400'000));
        out += static_cast<std::int64_t>(rng.below(400'000));
        if (m == leaves && slot > last_slot) continue;
        if (rng.chance(0.9)) marks.push_back(Village::mark(m, slot, in, out, rng.chance(0.1)));
      }
      REQUIRE(v.refusal(Village::marks(g, slot, marks), end).empty());
    }
    std::vector<Ruling> decided;
    for (const auto& [id, waits] : v.state().undecided()) {
      if (rng.chance(0.5)) continue;
      decided.push_back(Village::ruling(id.first, slot, id.second,
                                        static_cast<Outcome>(rng.below(3)), waits.imported.value,
                                        waits.exported.value));
      if (decided.back().outcome == Outcome::replacement)
        decided.back().import_in_place = {static_cast<std::int64_t>(rng.below(1000))};
    }
    if (!decided.empty()) REQUIRE(v.refusal(Village::rulings(slot, decided), end).empty());
    rulings += decided.size();
    REQUIRE(v.close(end + 30'000) == 1);
    for (const Correction& c : v.state().last_closed()->corrections) second_path.add(c);
    for (const Statement& s : v.state().last_closed()->settlement.statements) {
      second_path.add(s);
      if (s.meter.value == leaves && slot == last_slot)
        REQUIRE(v.state().journal().balance(s.account) == MicroEuros{});
      else
        REQUIRE(s.balance == v.state().journal().balance(s.account));
    }
    second_path.close({slot});
    REQUIRE(v.state().broken_invariant().empty());
    REQUIRE(money_residual(second_path, v.state().journal()) == MicroEuros{});
    REQUIRE(token_residual(second_path, v.state().tokens()) == WattHours{});
  }
  CHECK(v.state().tokens().totals().retired.value > 0);
  CHECK(rulings > 20);
  CHECK(changes > 10);
}
