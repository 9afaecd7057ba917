#include <doctest/doctest.h>
#include <functional>
#include <set>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "market/market_state.hpp"
#include "market/statement_ledger.hpp"
#include "tests/market/village_support.hpp"

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

bool refused_with(Village& v, const Transaction& tx, std::int64_t time_ms, const char* words) {
  const Hash content = v.state().content_root();
  const std::string why = v.refusal(tx, time_ms);
  CAPTURE(why);
  CHECK(why.find(words) != std::string::npos);
  return !why.empty() && content == v.state().content_root();
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

TEST_CASE("registrations that are refused") {
  Village v;
  const auto one = [](auto change) {
    Registration r = Village::registered(1);
    change(r);
    return Village::registration(0, std::vector{r});
  };
  const auto as_is = [](Registration&) {};
  CHECK(refused_with(v, Village::registration(0, {Village::registered(1)}, "account 1"), 0,
                     "registrar"));
  CHECK(
      refused_with(v, Village::registration(2, std::vector<Registration>{}), 0, "unknown gateway"));
  CHECK(refused_with(v, one([](auto& r) { r.gateway = {1}; }), 0, "another gateway"));
  CHECK(refused_with(v, one([](auto& r) { r.account = retailer; }), 0, "system"));
  CHECK(refused_with(v, one([](auto& r) { r.account = rounding_account; }), 0, "system"));
  CHECK(refused_with(v, one([](auto& r) { r.deposit = {1'000'000'000'001}; }), 0, "deposit"));
  CHECK(refused_with(v, one([](auto& r) { r.deposit = {-1}; }), 0, "canonical"));
  auto twin = Village::registered(2);
  twin.account = account(1);
  CHECK(refused_with(v, Village::registration(0, {Village::registered(1), twin}), 0,
                     "account is registered already"));
  CHECK(refused_with(v, Village::registration(0, {1, 1}), 0, "meter 1 is registered already"));
  CHECK(v.state().meters().empty());
  CHECK(v.refusal(one(as_is), 0).empty());
  CHECK(refused_with(v, one(as_is), 0, "registered already"));
  CHECK(refused_with(v, one([](auto& r) { r.meter = {9}; }), 0, "account is registered"));
}

TEST_CASE("batches that are refused") {
  Village v;
  CHECK(refused_with(v, v.batch(0, 1, {}), 60'000, "before the one it follows"));
  v.register_all();
  CHECK(refused_with(v, v.batch(0, 2, {}), 60'000, "before the one it follows"));
  CHECK(refused_with(v, v.batch(0, 1, Hash{1}), 60'000, "does not follow"));
  auto forged = v.batch(0, 1, {});
  forged.body.back() ^= 1;
  CHECK(refused_with(v, forged, 60'000, "not signed"));
  v.batches_until(0, 1);
  CHECK(refused_with(v, v.batch(0, 1, {}), 60'000, "on the ledger already"));
  CHECK(refused_with(v, v.batch(0, 0, {}), 60'000, "on the ledger already"));
}

TEST_CASE("a second batch of an epoch is refused by another name than the same one again") {
  Village v;
  v.register_all();
  v.batches_until(0, 2);
  const Transaction first = v.batch(0, 1, {}), second = v.batch(0, 2, sha256(first.entry()));
  CHECK(refused_with(v, second, 120'000, "batch of an epoch that is on the ledger already"));
  Transaction other = v.batch(0, 2, sha256(first.entry()), 7);
  CHECK(refused_with(v, other, 120'000, "another batch of an epoch"));
  other = v.batch(0, 2, Hash{1});
  CHECK(refused_with(v, other, 120'000, "another batch of an epoch"));
}

TEST_CASE("a batch counts every meter that its gateway has in the slot") {
  Village v;
  v.register_all();
  const auto counting = [&](std::uint32_t records) {
    return v.batch(0, 1, {}, hidden_sum, hidden_sum, records);
  };
  for (const std::uint32_t less : {0u, 1u})
    CHECK(refused_with(v, counting(less), 60'000, "leaves out a registered meter"));
  CHECK(refused_with(v, counting(3), 60'000, "more meters than its gateway has on the ledger"));
  CHECK(v.refusal(counting(2), 60'000).empty());
}

TEST_CASE("orders that are refused") {
  Village v;
  v.register_all();
  const auto order = [](std::uint32_t meter, std::uint32_t slot, std::int64_t wh,
                        std::int64_t limit, std::string signer = {}) {
    return Village::order(meter, slot, Side::buy, wh, limit, 1, std::move(signer));
  };
  CHECK(refused_with(v, order(1, 1, 0, 5), 0, "energy"));
  CHECK(refused_with(v, order(1, 1, -5, 5), 0, "energy"));
  CHECK(refused_with(v, order(1, 1, max_order_energy.value + 1, 5), 0, "energy"));
  CHECK(refused_with(v, order(1, 1, 5, -1), 0, "limit"));
  CHECK(refused_with(v, order(1, 1, 5, max_order_price.value + 1), 0, "limit"));
  CHECK(refused_with(v, order(1, 1, 5, 5), 120'001, "has begun"));
  CHECK(refused_with(v, order(1, 1001, 5, 5), 0, "too far ahead"));
  CHECK(refused_with(v, order(1, 1, 5, 5, "account 2"), 0, "not signed"));
  CHECK(refused_with(v, order(4, 1, 5, 5), 0, "may not trade"));  // the feeder meter
  CHECK(refused_with(v, order(9, 1, 5, 5), 0, "unknown meter"));
  auto elsewhere = order(1, 1, 5, 5);
  elsewhere.body = encode(OrderBody{{2}});
  CHECK(refused_with(v, elsewhere, 0, "another slot"));
  auto two = order(1, 1, 5, 5);
  two.openings.push_back(two.openings[0]);
  CHECK(refused_with(v, two, 0, "one opening"));
  CHECK(v.refusal(order(1, 1, 5, 5), 120'000).empty());  // at the slot's very beginning
  CHECK(refused_with(v, order(1, 1, 5, 5), 0, "on the ledger already"));
  CHECK(refused_with(v, order(1, 1, 7, 5), 0, "taken by another order of the account"));
  CHECK(v.refusal(order(2, 1, 7, 5), 0).empty());  // the same id of another account
  CHECK(v.refusal(order(1, 2, 5, 5), 0).empty());  // the same id in another slot
}

TEST_CASE("marks that are refused") {
  Village v;
  v.register_all();
  const auto whole = [](std::int64_t in, std::int64_t out) {
    return Village::marks(0, 0, {Village::mark(1, 0, in, out)});
  };
  CHECK(refused_with(v, whole(0, 500), 119'999, "has not ended"));
  CHECK(refused_with(v, whole(0, 500), 120'000, "before the batches"));
  v.batches_until(0, 2);
  v.batches_until(1, 2);
  CHECK(refused_with(v, Village::marks(0, 0, {Village::mark(3, 0, 0, 500)}), 120'000,
                     "not this gateway's"));
  CHECK(refused_with(v, Village::marks(0, 0, {Village::mark(9, 0, 0, 500)}), 120'000,
                     "not this gateway's"));
  CHECK(refused_with(v, Village::marks(0, 0, {Village::mark(1, 1, 0, 500)}), 120'000,
                     "another slot"));
  CHECK(refused_with(
      v, Village::marks(0, 0, {Village::mark(1, 0, 0, 500), Village::mark(1, 0, 0, 500)}), 120'000,
      "two marks"));
  MarksBody body{{0}, {0}, 2, {}};
  CHECK(refused_with(v,
                     Village::sealed(TransactionKind::marks, body,
                                     {{{}, encode(Village::mark(1, 0, 0, 500))}}, "gateway 0"),
                     120'000, "count"));
  CHECK(refused_with(v,
                     Village::sealed(TransactionKind::marks, body,
                                     {{{}, encode(Village::mark(1, 0, 0, 500))}}, "gateway 1"),
                     120'000, "not signed"));
  CHECK(v.refusal(whole(0, 500), 120'000).empty());
  CHECK(refused_with(v, whole(0, 500), 120'000, "already"));
}

namespace {

// Marks of home 1 (and 2, which is never at fault), slot by slot; the statements of home 1.
struct Told {
  std::int64_t imported, exported;
  bool quarantined = false, silent = false;
};
std::vector<Statement> statements_of(std::initializer_list<Told> slots) {
  Village v;
  v.register_all();
  std::vector<Statement> out;
  std::uint32_t slot = 0;
  for (const Told& t : slots) {
    const std::int64_t end = (slot + 1) * 120'000;
    for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 2 * slot + 2);
    std::vector<Mark> marks{Village::mark(2, slot, 1'000 * (slot + 1), 500)};
    if (!t.silent) marks.push_back(Village::mark(1, slot, t.imported, t.exported, t.quarantined));
    REQUIRE(v.refusal(Village::marks(0, slot, marks), end).empty());
    REQUIRE(v.close(end + 30'000) == 1);
    const auto& all = v.state().last_closed()->settlement.statements;
    REQUIRE(all[1].imported == WattHours{1});  // whatever home 1 says
    REQUIRE(v.state().broken_invariant().empty());
    out.push_back(all[0]);
    ++slot;
  }
  return out;
}

std::string standings_of(const std::vector<Statement>& all) {
  std::string out;
  for (const Statement& s : all)
    (out += out.empty() ? "" : ", ") +=
        std::string(name_of(s.standing)) + " " + std::to_string(s.imported.value) + "/" +
        std::to_string(s.exported.value) + "/" + std::to_string(s.minted.value);
  return out;
}

}  // namespace

TEST_CASE("a mark is judged by itself: its fault stops neither its gateway nor its meter") {
  constexpr std::int64_t spike = (std::int64_t{1} << 40) - 1;
  // Imported, exported and minted Wh of home 1, slot by slot.
  CHECK(standings_of(statements_of({{100'000, 500}, {200'000, 50'500}})) ==
        "metered 100/0/0, metered 100/50/50");
  CHECK(standings_of(statements_of({{spike, 500, true}, {200'000, 90'500}, {300'000, 100'500}})) ==
        "quarantined 0/0/0, recovering 200/90/0, metered 100/10/10");
  CHECK(standings_of(statements_of({{100'000, spike}, {200'000, 90'500}, {300'000, 100'500}})) ==
        "above power 0/0/0, recovering 200/90/0, metered 100/10/10");
  CHECK(standings_of(statements_of({{100'000, 500}, {99'999, 500}, {300'000, 100'500}})) ==
        "metered 100/0/0, fell 0/0/0, recovering 200/100/0");
  CHECK(standings_of(statements_of({{100'000, 499}, {100'000, 500}})) ==
        "fell 0/0/0, recovering 100/0/0");  // below its registration
  CHECK(standings_of(statements_of({{0, 0, false, true}, {200'000, 90'500}})) ==
        "unmarked 0/0/0, spanning 200/90/90");
}

TEST_CASE("a mark rises by what the connection lets through since the anchor, and by no mWh more") {
  const std::int64_t slot = std::int64_t{43'000} * 120'000 / 3600;  // mWh
  CHECK(standings_of(statements_of({{slot, 500}})) == "metered 1433/0/0");
  CHECK(standings_of(statements_of({{slot + 1, 500}})) == "above power 0/0/0");
  CHECK(standings_of(statements_of({{0, 500 + slot + 1}})) == "above power 0/0/0");
  CHECK(standings_of(statements_of({{0, 0, false, true}, {2 * slot + 2, 500}})) ==
        "unmarked 0/0/0, above power 0/0/0");
  CHECK(standings_of(statements_of({{0, 0, false, true}, {2 * slot, 500}})) ==
        "unmarked 0/0/0, spanning 2866/0/0");
}

TEST_CASE("energy that is not one slot's alone is not traded") {
  for (const bool silent : {false, true}) {
    Village v;
    v.register_all();
    CHECK(v.refusal(Village::order(1, 1, Side::buy, 1000, 220'000, 1), 0).empty());
    CHECK(v.refusal(Village::order(3, 1, Side::sell, 800, 100'000, 2), 0).empty());
    for (std::uint32_t slot : {0u, 1u}) {
      const std::int64_t end = (slot + 1) * 120'000;
      for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 2 * slot + 2);
      std::vector<Mark> far;
      if (!silent || slot == 1)
        far.push_back(Village::mark(3, slot, 0, 800'500 * (slot + 1), false));
      CHECK(v.refusal(Village::marks(1, slot, far), end).empty());
      CHECK(v.refusal(Village::marks(0, slot, {Village::mark(1, slot, 900'000 * (slot + 1), 500)}),
                      end)
                .empty());
      REQUIRE(v.close(end) == 1);
    }
    const auto& all = v.state().last_closed()->settlement.statements;
    CHECK(all[0].contracted_buy == WattHours{800});
    CHECK(all[0].bought == (silent ? WattHours{} : WattHours{800}));
    CHECK(all[2].standing == (silent ? Standing::spanning : Standing::metered));
  }
}

TEST_CASE("marks hold no more than their gateway's public sums of the slot") {
  const auto refusal = [](std::int64_t in_sum, std::int64_t out_sum, std::int64_t in,
                          std::int64_t out) {
    Village v;
    v.register_all();
    v.batches_until(0, 2, in_sum, out_sum);
    return v.refusal(
        Village::marks(
            0, 0, {Village::mark(1, 0, in, 500 + out), Village::mark(2, 0, 1'000, 500, false)}),
        120'000);
  };
  CHECK(refusal(50'500, 10'000, 100'000, 20'000).empty());
  CHECK(refusal(50'500, 10'000, 100'001, 20'000).find("more energy") != std::string::npos);
  CHECK(refusal(50'500, 10'000, 100'000, 20'001).find("more energy") != std::string::npos);
  CHECK(refusal(hidden_sum, 10'000, 100'001, 20'000).empty());
  CHECK(refusal(0, hidden_sum, 0, 0).find("more energy") != std::string::npos);  // home 2's Wh
  // What does not carry its slot's energy alone does not count against the sums.
  CHECK(refusal(1'000, 0, std::int64_t{1} << 39, 0).empty());
}

TEST_CASE("a gateway marks slots in their order, and passes over those that closed without it") {
  Village v;
  v.register_all();
  for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 6);
  const auto mark = [](std::uint32_t slot) {
    return Village::marks(1, slot, {Village::mark(3, slot, 0, 1'000'000)});
  };
  CHECK(refused_with(v, mark(1), 360'000, "those of the slot before"));
  CHECK(refused_with(v, mark(2), 360'000, "those of the slot before"));
  CHECK(v.close(360'000) == 2);  // after the grace
  CHECK(v.refusal(mark(2), 360'000).empty());
}

TEST_CASE("a batch of an interval that has not ended waits") {
  Village v;
  v.register_all();
  const Transaction second = v.batch(0, 2, sha256(v.batch(0, 1, {}).entry()));
  CHECK(refused_with(v, v.batch(0, 1, {}), 0, "not ended"));
  CHECK(refused_with(v, v.batch(0, 1, {}), 59'999, "not ended"));
  CHECK(v.refusal(v.batch(0, 1, {}), 60'000).empty());
  CHECK(refused_with(v, second, 119'999, "not ended"));
  CHECK(v.refusal(second, 120'000).empty());
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

TEST_CASE("statements are the state's own, behind their settlement") {
  Village v;
  v.register_all();
  const auto due = v.state().due(150'000);
  REQUIRE(due.size() == 3);
  CHECK(refused_with(v, due[1], 150'000, "not due"));
  CHECK(v.refusal(due[0], 150'000).empty());
  CHECK(refused_with(v, due[2], 150'000, "differ"));
  Transaction other = due[1];
  std::swap(other.openings[0], other.openings[1]);
  CHECK(refused_with(v, other, 150'000, "differ"));
  CHECK(v.refusal(due[1], 150'000).empty());
  CHECK(v.refusal(due[2], 150'000).empty());
  CHECK(refused_with(v, due[2], 150'000, "not due"));
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

TEST_CASE("what a silent gateway held back is settled with its next mark") {
  Village v;
  v.register_all();
  CHECK(v.close(150'000) == 1);
  CHECK(v.state().last_closed()->settlement.statements[0].imported == WattHours{});
  v.batches_until(0, 4);
  CHECK(v.refusal(Village::marks(0, 1, {Village::mark(1, 1, 700'000, 500)}), 240'000).empty());
  CHECK(v.close(270'000) == 1);
  CHECK(v.state().last_closed()->settlement.statements[0].imported == WattHours{700});
}

TEST_CASE("quarantined energy is billed by the retailer and never minted, not even later") {
  Village v;
  v.register_all();
  v.batches_until(1, 4);
  const auto marks = [](std::uint32_t slot, std::int64_t out, bool quarantined) {
    return Village::marks(1, slot, {Village::mark(3, slot, 0, out, quarantined)});
  };
  v.batches_until(1, 6);
  CHECK(v.refusal(marks(0, 1'000'000, true), 150'000).empty());
  CHECK(v.close(150'000) == 1);
  CHECK(v.refusal(marks(1, 1'001'000, false), 270'000).empty());
  CHECK(v.close(270'000) == 1);
  CHECK(v.state().last_closed()->settlement.statements[2].feed_in == MicroEuros{80'080});
  CHECK(v.state().tokens().totals().minted == WattHours{});
  CHECK(v.refusal(marks(2, 1'002'000, false), 390'000).empty());
  CHECK(v.close(390'000) == 1);
  CHECK(v.state().tokens().totals().minted == WattHours{1});
}

TEST_CASE("forecasts that are refused") {
  Village v;
  v.register_all();
  const Forecast good{account(1), {1}, {0}, {5, -3}};
  CHECK(refused_with(v, Village::forecast(0, {good}, WattHours{2}, 2), 0, "total"));  // one home's
  CHECK(refused_with(v, Village::forecast(0, {good}, {}, 3), 0, "another period"));
  CHECK(refused_with(v, Village::forecast(1, {good}, {}, 2), 0, "not this gateway's"));
  CHECK(refused_with(v, Village::forecast(0, {good, good}, {}, 2), 0, "two forecasts"));
  Forecast stranger = good;
  stranger.account = account(2);
  CHECK(refused_with(v, Village::forecast(0, {stranger}, {}, 2), 0, "not this gateway's"));
  stranger.meter = {77};
  CHECK(refused_with(v, Village::forecast(0, {stranger}, {}, 2), 0, "unknown meter"));
  CHECK(refused_with(v, Village::forecast(0, {good}, {}, 2), 1, "has begun"));
  CHECK(refused_with(v, Village::forecast(0, {good}, {}, 2, 1001), 0, "too far ahead"));
  CHECK(v.refusal(Village::forecast(0, {good}, {}, 2), 0).empty());
  CHECK(refused_with(v, Village::forecast(0, {good}, {}, 2), 0, "on the ledger already"));
  Forecast other = good;
  other.net_wh = {-7};
  CHECK(refused_with(v, Village::forecast(0, {other}, {}, 1), 0, "on the ledger already"));
  CHECK(v.close(150'000) == 1);
  CHECK(refused_with(v, Village::forecast(0, {other}, {}, 1), 0, "has begun"));
}

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
