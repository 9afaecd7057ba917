// Contracts that stand make orders when a slot closes; orders are taken back before it begins.

#include "market/audit/slot_books.hpp"
#include "tests/market/metered_village.hpp"
#include "tests/market/refused_with.hpp"

using namespace market_test;

namespace {

Contract standing(std::uint32_t home, Template of, std::int64_t energy, std::int64_t price,
                  std::uint32_t first = 0, std::uint32_t end = 100, std::uint32_t number = 1) {
  Contract c;
  c.account = account(static_cast<std::uint8_t>(home));
  c.meter = {home};
  c.first_slot = {first};
  c.end_slot = {end};
  c.number = number;
  c.of = of;
  c.energy = {energy};
  c.price = {price};
  c.id = order_id(static_cast<std::uint8_t>(40 + home));
  return c;
}

Contract community(std::uint32_t home, Side side, std::uint16_t share, std::int64_t price) {
  Contract c = standing(home, Template::community_key, 10'000'000, price);
  c.side = side;
  c.share = share;
  return c;
}

Contract withdrawn(std::uint32_t home, Template of, std::uint32_t from, std::uint32_t number) {
  Contract c = standing(home, of, 0, 0, from, from, number);
  c.id = {};
  return c;
}

Transaction as_signed(const Contract& c, std::string signer = {}) {
  if (signer.empty()) signer = "account " + std::to_string(c.meter.value);
  return contract_of(chain_id_of(village_genesis()), c, Village::restricted_key(c.meter.value),
                     signer_of(signer));
}

Transaction cancelled(std::uint32_t home, std::uint32_t slot, std::uint8_t id) {
  return cancellation_of(
      chain_id_of(village_genesis()),
      {account(static_cast<std::uint8_t>(home)), {home}, {slot}, order_id(id), {}},
      Village::restricted_key(home), signer_of("account " + std::to_string(home)));
}

}  // namespace

TEST_CASE("contracts: surplus is sold and bought below a price, slot after slot, until withdrawn") {
  MeteredVillage t;
  t.accept(as_signed(standing(3, Template::sell_surplus, 400, 100'000)));
  t.accept(as_signed(standing(1, Template::buy_below, 10'000'000, 200'000)));
  const ClosedSlot& first = t.close(700, 500);
  REQUIRE(first.orders.size() == 2);
  CHECK(first.clearing.volume == WattHours{400});
  CHECK(first.clearing.price == Price{200'000});  // the buyer is served in part
  CHECK(first.settlement.statements[0].bought == WattHours{400});
  CHECK(first.settlement.statements[2].sold == WattHours{400});
  CHECK(first.settlement.statements[2].feed_in == MicroEuros{100 * 80});
  CHECK(t.close(0, 500).orders.size() == 1);
  t.accept(as_signed(withdrawn(3, Template::sell_surplus, 3, 2)), 250'000);
  CHECK(t.close(700, 500).clearing.volume == WattHours{400});  // slot 2
  CHECK(t.close(700, 500).clearing.volume == WattHours{});     // slot 3
  CHECK(t.v.state().contract({account(3), Template::sell_surplus}, {50}) == nullptr);
}

TEST_CASE("contracts: own orders come first, then the community's key, then what is left") {
  const SlotPosition metered{account(3), {3}, {300}, {1001}, {}, {}, Standing::metered, {7}, false};
  const Contract key = community(3, Side::sell, 500, 90'000);
  const Contract rest = standing(3, Template::sell_surplus, 10'000'000, 100'000);
  const Contract below = standing(3, Template::buy_below, 120, 50'000);
  const std::array<const Contract*, 3> all{&key, &rest, &below};
  const auto energies = [&](std::span<const Order> own) {
    std::vector<std::int64_t> out;
    for (const Order& o : contract_orders(all, metered, own, {7})) out.push_back(o.energy.value);
    return out;
  };
  CHECK(energies({}) == std::vector<std::int64_t>{500, 501, 120});
  CHECK(energies(std::vector{sell(1, 300, 5)}) == std::vector<std::int64_t>{500, 201, 120});
  CHECK(energies(std::vector{sell(1, 700, 5), sell(2, 100, 5)}) ==
        std::vector<std::int64_t>{201, 120});
  CHECK(energies(std::vector{sell(1, 5000, 5), buy(2, 250, 5)}) == std::vector<std::int64_t>{50});
  SlotPosition spanning = metered;
  spanning.standing = Standing::spanning;
  CHECK(contract_orders(all, spanning, {}, {7}).empty());
  // Rows tell neither account nor contract, and are others in every slot.
  CHECK(contract_row(rest, {7}) != contract_row(rest, {8}));
  CHECK(contract_row(rest, {7}) != contract_row(key, {7}));
}

TEST_CASE("contracts: the highest number of those that have begun stands") {
  ContractLine line;
  line.add(standing(3, Template::sell_surplus, 1, 0, 5, 50, 1));
  line.add(standing(3, Template::sell_surplus, 2, 0, 20, 30, 2));
  line.add(standing(3, Template::sell_surplus, 3, 0, 10, 15, 4));
  const auto energy_in = [&](std::uint32_t slot) {
    const Contract* c = line.standing_in({slot});
    return c ? c->energy.value : 0;
  };
  for (const bool forgets : {false, true}) {
    if (forgets) line.forget_before({9});
    CHECK(energy_in(9) == 1);
    CHECK(energy_in(10) == 3);
    CHECK(energy_in(15) == 0);
    CHECK(energy_in(25) == 0);  // number 4 has begun, and ended
  }
  CHECK(energy_in(4) == 0);
  CHECK(line.all().size() == 3);
  line.forget_before({10});
  CHECK(line.all().size() == 1);
  CHECK(line.newest() == 4);
}

TEST_CASE("contracts: a quarantined meter makes no order, nor does an erased account's contract") {
  MeteredVillage t;
  t.accept(as_signed(standing(3, Template::sell_surplus, 400, 100'000)));
  CHECK(t.close(700, 500, Quarantined::home_3).orders.empty());
  CHECK(t.close(700, 500).orders.empty());  // recovering
  CHECK(t.close(700, 500).orders.size() == 1);
  t.accept(erasure_of(chain_id_of(village_genesis()), {account(3), personal_stage}, Salt{},
                      signer_of("registrar")),
           370'000);
  CHECK(t.close(700, 500).orders.empty());
  CHECK(refused_with(t.v, as_signed(standing(3, Template::buy_below, 1, 1, 9, 10, 1)), 490'000,
                     "data are erased"));
}

TEST_CASE("contracts: what is wrong is refused by name") {
  MeteredVillage t;
  const auto refused = [&](const Contract& c, const char* words, std::string signer = {}) {
    return refused_with(t.v, as_signed(c, std::move(signer)), 0, words);
  };
  const Contract good = standing(3, Template::sell_surplus, 400, 100'000, 2, 9, 2);
  CHECK(refused(good, "is not signed by its account", "account 1"));
  CHECK(refused(withdrawn(3, Template::sell_surplus, 2, 1),
                "withdrawal of a contract that was never made"));
  t.accept(as_signed(good));
  CHECK(refused(good, "contract is on the ledger already"));
  CHECK(refused(standing(3, Template::sell_surplus, 401, 100'000, 2, 9, 2),
                "contract of number 2, which is not above the newest one's, 2"));
  CHECK(refused(standing(3, Template::sell_surplus, 4, 1, 5000, 5001, 3), "too far ahead"));
  CHECK(refused(standing(4, Template::sell_surplus, 4, 1, 5, 6, 1), "has no meter in the slot"));
  CHECK(refused_with(t.v, as_signed(standing(3, Template::buy_below, 4, 1, 0, 6, 1)), 1,
                     "contract whose first slot has begun"));
  for (std::uint32_t n = 3; n < 10; ++n)
    t.accept(as_signed(standing(3, Template::sell_surplus, 4, 1, 5, 9, n)));
  CHECK(refused(standing(3, Template::sell_surplus, 4, 1, 5, 9, 10), "8 of the template to come"));
  for (const std::int64_t bad :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{10'000'001}, INT64_MAX})
    CHECK(refused(standing(1, Template::sell_surplus, bad, 1), "not in its canonical form"));
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{100'000'001}, INT64_MAX})
    CHECK(refused(standing(1, Template::sell_surplus, 1, bad), "not in its canonical form"));
  Contract shared = standing(1, Template::sub_meters, 0, 0);
  CHECK(refused(shared, "not in its canonical form"));  // no tenants
  shared.tenants = {{{2}, 1}, {{1}, 1}};
  CHECK(refused(shared, "not in its canonical form"));  // not in order
  shared.tenants = {{{1}, 0}};
  CHECK(refused(shared, "not in its canonical form"));
  shared.tenants = {{{1}, 1}, {{2}, 3}};
  t.accept(as_signed(shared));
}

TEST_CASE("contracts: no number and no number of contracts keeps an account from ending one") {
  MeteredVillage t;
  const auto offer = [](std::uint32_t first, std::uint32_t number) {
    return as_signed(standing(3, Template::sell_surplus, 300, 60'000, first, 100, number));
  };
  CHECK(refused_with(t.v, offer(2, UINT32_MAX), 0, "which is more than 1000 above the newest"));
  CHECK(refused_with(t.v, offer(2, 1001), 0, "which is more than 1000 above the newest one's, 0"));
  t.accept(offer(2, 1000));
  CHECK(
      refused_with(t.v, offer(3, 2001), 0, "which is more than 1000 above the newest one's, 1000"));
  for (std::uint32_t i = 1; i < max_waiting_contracts; ++i) t.accept(offer(2 + i, 1000 + i));
  CHECK(refused_with(t.v, offer(20, 1020), 0, "has 8 of the template to come"));
  t.accept(as_signed(withdrawn(3, Template::sell_surplus, 20, 1020)));
  CHECK(refused_with(t.v, as_signed(withdrawn(3, Template::sell_surplus, 21, 1021)), 0,
                     "has 8 of the template to come"));
}

TEST_CASE("orders: one that is cancelled is in no book, and its id stays taken") {
  MeteredVillage t;
  t.accept(Village::order(3, 0, Side::sell, 400, 100'000, 3));
  t.accept(Village::order(1, 0, Side::buy, 400, 200'000, 1));
  CHECK(refused_with(t.v, cancelled(1, 0, 3), 0, "cancellation of an order that there is not"));
  t.accept(cancelled(3, 0, 3));
  CHECK(refused_with(t.v, cancelled(3, 0, 3), 0, "the order is cancelled already"));
  CHECK(refused_with(t.v, Village::order(3, 0, Side::sell, 400, 100'000, 3), 0,
                     "order of an id that was cancelled"));
  CHECK(refused_with(t.v, cancelled(1, 0, 1), 1, "cancellation for a slot that has begun"));
  const ClosedSlot& closed = t.close(700, 500);
  CHECK(closed.orders.size() == 1);
  CHECK(closed.clearing.volume == WattHours{});
}

TEST_CASE("contracts: with the grid operator both sign, and each slot is paid as it was metered") {
  MeteredVillage t;
  const auto both = [](const Contract& c, const char* operator_signer = "metering operator") {
    return contract_of(chain_id_of(village_genesis()), c, Village::restricted_key(c.meter.value),
                       signer_of("account " + std::to_string(c.meter.value)),
                       &signer_of(operator_signer));
  };
  const Contract offer = standing(1, Template::flexibility_offer, 700, 100'000);
  const Contract duty = standing(3, Template::curtailment_duty, 400, 20'001);
  CHECK(refused_with(t.v, as_signed(offer), 0,
                     "contract with the grid operator is not signed by the metering operator"));
  CHECK(refused_with(t.v, both(offer, "registrar"), 0, "is not signed by the metering operator"));
  CHECK(refused_with(t.v, both(standing(1, Template::buy_below, 1, 1)), 0,
                     "contract that the grid operator has no part in"));
  t.accept(both(offer));
  t.accept(both(duty));
  const MicroEuros before = t.v.state().journal().balance(grid_operator);
  const ClosedSlot& first = t.close(450, 500);
  REQUIRE(first.payments.size() == 2);
  CHECK(first.payments[0].amount == MicroEuros{-25'000});  // 250 Wh below its baseline
  CHECK(first.payments[1].amount == MicroEuros{2'000});    // 100 Wh above its cap, 2,000.1
  const Statement& s = first.settlement.statements[0];
  CHECK(s.balance == MicroEuros{10'000'000} - s.total + MicroEuros{25'000});
  CHECK(s.balance == t.v.state().journal().balance(s.account));
  CHECK(t.v.state().journal().balance(grid_operator) ==
        before + s.grid_fee + MicroEuros{2'000 - 25'000});
  CHECK(t.close(900, 400).payments[0].amount == MicroEuros{});
  CHECK(t.close(0, 900, Quarantined::home_3).payments[1].amount == MicroEuros{});
  // The account alone cannot leave.
  CHECK(refused_with(t.v, as_signed(withdrawn(3, Template::curtailment_duty, 5, 2)), 370'000,
                     "is not signed by the metering operator"));
  t.accept(both(withdrawn(3, Template::curtailment_duty, 5, 2)), 370'000);
}

TEST_CASE("contracts: who may be dimmed is paid its relief in every slot, however it was metered") {
  MeteredVillage t;
  const Contract c = standing(1, Template::controllable_load, 140, 4'077);
  t.accept(contract_of(chain_id_of(village_genesis()), c, Village::restricted_key(1),
                       signer_of("account 1"), &signer_of("metering operator")));
  for (const Quarantined quarantined : {Quarantined::none, Quarantined::home_1}) {
    const ClosedSlot& closed = t.close(450, 0, quarantined);
    REQUIRE(closed.payments.size() == 1);
    CHECK(closed.payments[0].amount == MicroEuros{-571});  // 570.78
    CHECK(closed.settlement.postings.back().kind == PostingKind::relief);
    CHECK(closed.settlement.postings.back().to == account(1));
    CHECK(closed.settlement.statements[0].balance == t.v.state().journal().balance(account(1)));
  }
}

TEST_CASE("contracts: names of templates") {
  for (std::uint8_t of = 1; of <= templates; ++of)
    CHECK(template_named(name_of(static_cast<Template>(of))) == static_cast<Template>(of));
  CHECK_FALSE(template_named("sell-everything"));
}
