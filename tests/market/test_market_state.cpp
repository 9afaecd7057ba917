#include <doctest/doctest.h>
#include <functional>
#include <set>

#include "ledger/base/codec.hpp"
#include "market/settlement/statement_ledger.hpp"
#include "tests/market/refused_with.hpp"

using namespace market_test;

namespace {

// A village with the first slot's orders and marks in place: home 1 buys, home 3 sells.
void play_slot_0(Village& v, bool swapped = false) {
  const auto first = Village::order(1, 0, Side::buy, 1000, 220'000, 1);
  const auto second = Village::order(3, 0, Side::sell, 800, 100'000, 2);
  CHECK(v.refusal(swapped ? second : first, 0).empty());
  CHECK(v.refusal(swapped ? first : second, 0).empty());
  for (std::uint32_t g : {0u, 1u}) v.batches_until(swapped ? 1 - g : g, 2);
  const auto near =
      Village::marks(0, 0, {Village::mark(1, 0, 900'400, 500), Village::mark(2, 0, 100'000, 500)});
  const auto far =
      Village::marks(1, 0, {Village::mark(3, 0, 0, 750'499), Village::mark(4, 0, 1'000'000, 500)});
  CHECK(v.refusal(swapped ? far : near, 120'000).empty());
  CHECK(v.refusal(swapped ? near : far, 125'000).empty());
}

}  // namespace

TEST_CASE("a slot from orders and marks to statements, balances and tokens") {
  Village v;
  v.register_all();
  play_slot_0(v);
  CHECK(v.state().last_closed() == nullptr);
  REQUIRE(v.close(125'000) == 1);
  const ClosedSlot& closed = *v.state().last_closed();
  REQUIRE(closed.clearing.price);
  CHECK(closed.clearing.price->value == 220'000);  // the buyer is filled in part
  CHECK(closed.clearing.volume == WattHours{800});
  REQUIRE(closed.settlement.statements.size() == 3);  // the feeder meter has none
  const Statement &buyer = closed.settlement.statements[0],
                  &seller = closed.settlement.statements[2];
  CHECK(buyer.imported == WattHours{900});
  CHECK(seller.exported == WattHours{750});  // 750.499 and 0.5 Wh of register, truncated
  CHECK(buyer.bought == WattHours{750});
  CHECK(buyer.balance == MicroEuros{10'000'000} - buyer.total);
  CHECK(v.state().journal().balance(account(1)) == buyer.balance);
  CHECK(v.state().tokens().totals().minted == WattHours{750});
  CHECK(v.state().tokens().totals().retired == WattHours{750});
  CHECK(v.state().broken_invariant().empty());

  StatementLedger second_path;
  for (std::uint32_t meter : {1u, 2u, 3u, 4u}) second_path.add(Village::registered(meter));
  for (const Statement& s : closed.settlement.statements) second_path.add(s);
  CHECK(money_residual(second_path, v.state().journal()) == MicroEuros{});
  CHECK(token_residual(second_path, v.state().tokens()) == WattHours{});
}

TEST_CASE("the content root does not know the order of arrival; it knows the content") {
  Village a, b, c;
  for (Village* v : {&a, &b, &c}) v->register_all();
  play_slot_0(a);
  play_slot_0(b, true);
  play_slot_0(c);
  CHECK(c.refusal(Village::order(2, 1, Side::buy, 1, 220'000, 1), 0).empty());  // slot 1's
  for (Village* v : {&a, &b, &c}) REQUIRE(v->close(125'000) == 1);
  CHECK(a.state().content_root() == b.state().content_root());
  CHECK(a.state().commit() == b.state().commit());
  CHECK(a.state().content_root() == c.state().content_root());
  for (Village* v : {&a, &c}) REQUIRE(v->close(270'000) == 1);  // after the grace
  CHECK(a.state().content_root() != c.state().content_root());
}

TEST_CASE("a clone goes its own way") {
  Village v;
  v.register_all();
  const auto clone = v.state().clone();
  play_slot_0(v);
  v.close(125'000);
  CHECK(clone->content_root() == Hash{});
  CHECK(v.state().content_root() != Hash{});
}

TEST_CASE("the state root covers all that later execution depends on") {
  // Each step alone makes another root than the same village without it.
  using Step = std::function<void(Village&)>;
  const Step nothing = [](Village&) {};
  const auto root = [](const Step& before, const Step& step) {
    Village v;
    v.register_all();
    for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 2);
    before(v);
    step(v);
    return v.state().commit();
  };
  const Hash plain = root(nothing, nothing);
  CHECK(plain == root(nothing, nothing));
  const auto marks = [](std::int64_t in) {
    return [in](Village& v) {
      REQUIRE(v.refusal(Village::marks(0, 0, {Village::mark(1, 0, in, 500)}), 120'000).empty());
    };
  };
  const auto order = [](std::int64_t limit) {
    return [limit](Village& v) {
      REQUIRE(v.refusal(Village::order(1, 3, Side::buy, 5000, limit, 9), 0).empty());
    };
  };
  std::set<Hash> roots{plain};
  const auto differs = [&](const Step& before, const Step& step) {
    return roots.insert(root(before, step)).second;
  };
  CHECK(differs(nothing, marks(700'000)));
  CHECK(differs(nothing, marks(700'001)));
  CHECK(differs(nothing, order(200'000)));
  CHECK(differs(nothing, order(200'001)));
  CHECK(differs(nothing, [](Village& v) { v.batches_until(0, 3); }));
  CHECK(differs(nothing, [](Village& v) { v.batches_until(0, 3, 5); }));
  CHECK(differs(nothing, [](Village& v) {
    const Forecast f{account(1), {1}, {2}, {5}};
    REQUIRE(v.refusal(Village::forecast(0, {f}, {}, 1, 2), 0).empty());
  }));
  const Step closed = [](Village& v) { REQUIRE(v.close(150'000) == 1); };
  CHECK(differs(nothing, closed));
  CHECK(differs(marks(700'000), closed));
  CHECK(differs(marks(700'999), closed));  // the same Wh, another anchor
  const auto sold = [](std::int64_t out) {
    return [out](Village& v) {
      REQUIRE(v.refusal(Village::marks(1, 0, {Village::mark(3, 0, 0, out)}), 120'000).empty());
    };
  };
  CHECK(differs(sold(90'500), closed));
  CHECK(differs(sold(91'500), closed));
}

TEST_CASE("what has closed leaves the state tree but for accounts, tokens and its place") {
  Village v;
  v.register_all();
  v.state().commit();
  const std::size_t at_first = v.state().tree().size();
  play_slot_0(v);
  v.state().commit();
  CHECK(v.state().tree().size() == at_first + 6);  // two gateways' batches and marks, two orders
  REQUIRE(v.close(125'000) == 1);
  v.state().commit();
  // Content root and vintage; and the feeder's sums, until they are found about.
  CHECK(v.state().tree().size() == at_first + 3);
  const auto found = Village::found_of(v.state().last_closed()->feeders.at(0));
  REQUIRE(v.refusal(Village::findings(0, {found}), 130'000).empty());
  v.state().commit();
  CHECK(v.state().tree().size() == at_first + 2);
}

TEST_CASE("more homes than one transaction can open: registered, settled, and decoded again") {
  constexpr std::uint32_t homes = 5'000;
  Ed25519Verifier verifier;
  MarketState state(village_genesis(), verifier);
  const auto apply = [&](const Transaction& tx, std::int64_t time_ms) {
    const auto sent = decode_transaction(tx.encode());
    REQUIRE(sent.has_value());
    const auto applied = state.apply(*sent, leaf_of(*sent), SignatureIs::unchecked, time_ms);
    return applied ? std::string() : applied.error().why;
  };
  const auto registration = [](std::uint32_t gateway, std::uint32_t first, std::uint32_t count) {
    std::vector<Registration> all;
    for (std::uint32_t i = first; i < first + count; ++i) {
      Registration r = Village::registered(1);
      r.meter = {i};
      r.gateway = {gateway};
      const Bytes id = ByteWriter().u32(i + 1).take();
      r.account = {};
      std::copy(id.begin(), id.end(), r.account.bytes.begin());
      std::copy(id.begin(), id.end(), r.meter_key.begin());
      all.push_back(r);
    }
    return Village::registration(gateway, all);
  };
  for (std::uint32_t part = 0; part < 4; ++part)
    CHECK(apply(registration(part / 2, part * 1'250, 1'250), 0).empty());
  CHECK(apply(registration(0, homes, 1'597), 0).find("at most 4096") != std::string::npos);
  const auto due = state.due(150'000);
  REQUIRE(due.size() == 3);
  CHECK(due[0].openings.empty());
  std::size_t statements = 0;
  for (const Transaction& tx : due) {
    CHECK(apply(tx, 150'000).empty());
    statements += tx.openings.size();
  }
  CHECK(statements == homes);
  CHECK(state.commit() != Hash{});
}

TEST_CASE("an account trades and is marked in the slots it is registered for") {
  Village v;
  Registration r = Village::registered(1);
  r.first_slot = {1};
  r.end_slot = {2};
  CHECK(v.refusal(Village::registration(0, std::vector{r}), 0).empty());
  CHECK(refused_with(v, Village::order(1, 0, Side::buy, 5, 5, 1), 0, "may not trade"));
  CHECK(v.refusal(Village::order(1, 1, Side::buy, 5, 5, 1), 0).empty());
  CHECK(refused_with(v, Village::order(1, 2, Side::buy, 5, 5, 1), 0, "may not trade"));
  v.batches_until(0, 6);
  const auto mark = [](std::uint32_t slot) {
    return Village::marks(0, slot, {Village::mark(1, slot, 700'000, 500)});
  };
  CHECK(refused_with(v, mark(0), 360'000, "not the account's"));
  CHECK(v.close(150'000) == 1);
  CHECK(v.state().last_closed()->settlement.statements.empty());
  CHECK(v.refusal(mark(1), 360'000).empty());
  CHECK(refused_with(v, mark(2), 360'000, "not the account's"));
  CHECK(v.close(400'000) == 2);
  r = Village::registered(2);
  r.end_slot = {3};
  CHECK(refused_with(v, Village::registration(0, std::vector{r}), 400'000, "over"));
}

TEST_CASE("a slot closes when all have marked it, or after the grace, in order, and once") {
  Village v;
  v.register_all();
  CHECK(v.state().due(119'999).empty());
  CHECK(v.state().due(149'999).empty());
  REQUIRE(v.state().due(150'000).size() == 3);  // a settlement, and statements of two gateways
  const auto due = v.state().due(150'000);
  const Transaction& settlement = due[0];
  CHECK(refused_with(v, settlement, 149'999, "may not close"));
  auto other = settlement;
  other.body[20] ^= 1;
  CHECK(refused_with(v, other, 150'000, "differs"));
  CHECK(v.refusal(settlement, 150'000).empty());
  CHECK(refused_with(v, settlement, 150'000, "may not close"));
  for (const Transaction& tx : {due[1], due[2]}) CHECK(v.refusal(tx, 150'000).empty());
  CHECK(v.close(400'000) == 2);
  CHECK(v.state().last_closed()->slot == Slot{2});
}
