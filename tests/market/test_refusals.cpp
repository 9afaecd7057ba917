// What the market refuses, transaction by transaction, and that its content then stays.

#include <doctest/doctest.h>

#include "ledger/crypto/sha256.hpp"
#include "tests/market/refused_with.hpp"

using namespace market_test;

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

TEST_CASE("an account orders a hundred times a slot, and leaves room for the others") {
  Village v;
  v.register_all();
  const auto order = [](std::uint32_t home, std::uint32_t slot, std::uint32_t id) {
    return Village::order(home, slot, Side::buy, 5, 5, static_cast<std::uint8_t>(id));
  };
  for (std::uint32_t id = 1; id <= max_orders_an_account; ++id)
    REQUIRE(v.refusal(order(1, 1, id), 0).empty());
  constexpr const char* full = "order of an account that has sent 100 of the slot";
  CHECK(refused_with(v, order(1, 1, 101), 0, full));
  CHECK(v.refusal(cancellation_of(chain_id_of(village_genesis()),
                                  {account(1), {1}, {1}, order_id(7), {}},
                                  Village::restricted_key(1), signer_of("account 1")),
                  0)
            .empty());
  CHECK(refused_with(v, order(1, 1, 101), 0, full));
  CHECK(refused_with(v, order(1, 1, 7), 0, "order of an id that was cancelled"));
  CHECK(v.refusal(order(2, 1, 101), 0).empty());
  CHECK(v.refusal(order(1, 2, 101), 0).empty());
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
