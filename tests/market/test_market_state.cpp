#include <doctest/doctest.h>

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
  CHECK(refused_with(v, order(2, 1, 7, 5), 0, "taken"));
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
  CHECK(refused_with(v, whole(0, 499), 120'000, "never fall"));  // below registration
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

TEST_CASE("a register may not fall between two slots that are both still open") {
  Village v;
  v.register_all();
  v.batches_until(0, 4);
  CHECK(v.refusal(Village::marks(0, 0, {Village::mark(1, 0, 900'000, 90'000)}), 240'000).empty());
  CHECK(refused_with(v, Village::marks(0, 1, {Village::mark(1, 1, 899'999, 90'000)}), 240'000,
                     "never fall"));
  CHECK(refused_with(v, Village::marks(0, 1, {Village::mark(1, 1, 900'000, 89'999)}), 240'000,
                     "never fall"));
  CHECK(v.refusal(Village::marks(0, 1, {Village::mark(1, 1, 900'000, 95'000)}), 240'000).empty());
  CHECK(v.close(240'000) == 1);  // slot 1 waits for its other gateway
  CHECK(v.close(270'000) == 1);
  CHECK(v.state().tokens().totals().minted == WattHours{95});
  CHECK(v.state().broken_invariant().empty());
}

TEST_CASE("a slot closes when all have marked it, or after the grace, in order, and once") {
  Village v;
  v.register_all();
  CHECK(v.state().due(119'999).empty());
  CHECK(v.state().due(149'999).empty());
  REQUIRE(v.state().due(150'000).size() == 1);
  const Transaction settlement = v.state().due(150'000)[0];
  CHECK(refused_with(v, settlement, 149'999, "may not close"));
  auto other = settlement;
  other.body[20] ^= 1;
  CHECK(refused_with(v, other, 150'000, "differs"));
  CHECK(v.refusal(settlement, 150'000).empty());
  CHECK(refused_with(v, settlement, 150'000, "may not close"));
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
  CHECK(v.refusal(marks(0, 5'000'000, true), 150'000).empty());
  CHECK(v.close(150'000) == 1);
  CHECK(v.state().tokens().totals().minted == WattHours{});
  CHECK(v.refusal(marks(1, 5'001'000, false), 270'000).empty());
  CHECK(v.close(270'000) == 1);
  CHECK(v.state().tokens().totals().minted == WattHours{1});
}

TEST_CASE("forecasts that are refused") {
  Village v;
  v.register_all();
  const Forecast good{account(1), {1}, {0}, {5, -3}};
  CHECK(refused_with(v, Village::forecast(0, {good}, 3, 2), 0, "total"));
  CHECK(refused_with(v, Village::forecast(0, {good}, 2, 3), 0, "another period"));
  CHECK(refused_with(v, Village::forecast(1, {good}, 2, 2), 0, "not this gateway's"));
  Forecast stranger = good;
  stranger.account = account(2);
  CHECK(refused_with(v, Village::forecast(0, {stranger}, 2, 2), 0, "not this gateway's"));
  stranger.meter = {77};
  CHECK(refused_with(v, Village::forecast(0, {stranger}, 2, 2), 0, "unknown meter"));
  CHECK(v.refusal(Village::forecast(0, {good}, 2, 2), 0).empty());
}

TEST_CASE("240 slots of random trade: both paths agree after every slot") {
  Village v;
  v.register_all();
  Rng rng(4);
  StatementLedger second_path;
  for (std::uint32_t meter : {1u, 2u, 3u, 4u}) second_path.add(Village::registered(meter));
  std::map<std::uint32_t, std::pair<std::int64_t, std::int64_t>> registers;
  for (std::uint32_t m : {1u, 2u, 3u, 4u}) registers[m] = {0, 500};
  for (std::uint32_t slot = 0; slot < 240; ++slot) {
    const std::int64_t begin = slot * 120'000, end = begin + 120'000;
    for (std::uint32_t m : {1u, 2u, 3u})
      if (rng.chance(0.8))
        REQUIRE(v.refusal(Village::order(m, slot, rng.chance(0.5) ? Side::buy : Side::sell,
                                         1 + static_cast<std::int64_t>(rng.below(500)),
                                         static_cast<std::int64_t>(rng.below(300'000)),
                                         static_cast<std::uint8_t>(m)),
                          begin)
                    .empty());
    for (std::uint32_t g : {0u, 1u}) {
      v.batches_until(g, 2 * slot + 2);
      if (rng.chance(0.1)) continue;  // the gateway misses the slot
      std::vector<Mark> marks;
      for (std::uint32_t m : {2 * g + 1, 2 * g + 2}) {
        auto& [in, out] = registers[m];
        in += static_cast<std::int64_t>(rng.below(400'000));
        out += static_cast<std::int64_t>(rng.below(400'000));
        if (rng.chance(0.9)) marks.push_back(Village::mark(m, slot, in, out, rng.chance(0.1)));
      }
      REQUIRE(v.refusal(Village::marks(g, slot, marks), end).empty());
    }
    REQUIRE(v.close(end + 30'000) == 1);
    for (const Statement& s : v.state().last_closed()->settlement.statements) {
      second_path.add(s);
      REQUIRE(s.balance == v.state().journal().balance(s.account));
    }
    REQUIRE(v.state().broken_invariant().empty());
    REQUIRE(money_residual(second_path, v.state().journal()) == MicroEuros{});
    REQUIRE(token_residual(second_path, v.state().tokens()) == WattHours{});
  }
  CHECK(v.state().tokens().totals().retired.value > 0);
}
