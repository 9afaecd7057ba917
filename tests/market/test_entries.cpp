// Every entry of the market has one encoding: whatever is cut, longer or out of range is refused.

#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "market/entries.hpp"
#include "market/market_state.hpp"

using namespace market;

namespace {

Registration a_registration() {
  Registration r;
  r.account.bytes.fill(0xa1);
  r.meter = {7};
  r.gateway = {2};
  r.kind = MeterKind::feeder;
  r.meter_key.fill(1);
  r.account_key.fill(2);
  r.restricted_key.fill(3);
  r.max_power_w = 43'470;
  r.import_register = {123'456'789};
  r.export_register = {987'654'321};
  r.deposit = {50'000'000};
  return r;
}

SignedOrder an_order() {
  SignedOrder o;
  o.order.account.bytes.fill(0xa1);
  o.order.slot = {48};
  o.order.side = Side::sell;
  o.order.energy = {750};
  o.order.limit = {123'456};
  o.order.id.bytes.fill(9);
  o.meter = {7};
  o.signature.fill(5);
  return o;
}

SettlementBody a_settlement() {
  SettlementBody b;
  b.slot = {48};
  b.price = Price{180'000};
  b.volume = {1200};
  b.accounts = 3;
  b.book_root.fill(8);
  return b;
}

// What a decoder accepts it writes again, byte for byte; cut or longer it accepts nothing.
template <class Decode>
void check_canonical(const Bytes& bytes, Decode decode) {
  const auto value = decode(bytes);
  REQUIRE(value);
  CHECK(encode(*value) == bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_FALSE(decode(BytesView(bytes).first(size)));
  Bytes longer = bytes;
  longer.push_back(0);
  REQUIRE_FALSE(decode(longer));
  Rng rng(1);
  for (int i = 0; i < 3000; ++i) {
    Bytes other = bytes;
    other[rng.below(other.size())] ^= static_cast<std::uint8_t>(1 + rng.below(255));
    if (const auto changed = decode(other)) REQUIRE(encode(*changed) == other);
  }
}

}  // namespace

TEST_CASE("one encoding for each value") {
  check_canonical(encode(a_registration()), decode_registration);
  check_canonical(encode(Mark{{}, {7}, {48}, {5}, {6}, true}), decode_mark);
  check_canonical(encode(an_order()), decode_order);
  check_canonical(encode(Forecast{{}, {7}, {96}, {1, -1, INT32_MIN, INT32_MAX}}), decode_forecast);
  check_canonical(encode(RegistrationBody{{1}, {}}), decode_registration_body);
  check_canonical(encode(MarksBody{{1}, {2}, 3, {}}), decode_marks_body);
  check_canonical(encode(OrderBody{{3}}), decode_order_body);
  check_canonical(encode(ForecastBody{{1}, {96}, 96, {-5}, {}}), decode_forecast_body);
  check_canonical(encode(a_settlement()), decode_settlement_body);
}

TEST_CASE("values that no entry may hold are refused") {
  Registration r = a_registration();
  r.deposit = {-1};
  CHECK_FALSE(decode_registration(encode(r)));
  r = a_registration();
  r.kind = static_cast<MeterKind>(2);
  CHECK_FALSE(decode_registration(encode(r)));
  Bytes mark = encode(Mark{});
  mark.back() = 2;
  CHECK_FALSE(decode_mark(mark));
  Bytes order = encode(an_order());
  order[24] = 2;  // the side
  CHECK_FALSE(decode_order(order));
  Bytes settlement = encode(a_settlement());
  settlement[4] = 2;
  CHECK_FALSE(decode_settlement_body(settlement));
  settlement[4] = 0;  // no price, and yet one
  CHECK_FALSE(decode_settlement_body(settlement));
}

TEST_CASE("a forecast that announces more slots than it holds is refused without being read") {
  Bytes forecast = encode(Forecast{{}, {7}, {96}, {1, 2}});
  forecast[24] = 0xff;  // slots u16
  forecast[25] = 0xff;
  CHECK_FALSE(decode_forecast(forecast));
}

TEST_CASE("an order's signature covers all of it but itself, and the chain") {
  const Bytes opening = encode(an_order());
  const Hash chain{1}, other{2};
  const Bytes covered = order_signed_bytes(chain, opening);
  CHECK(covered != order_signed_bytes(other, opening));
  for (std::size_t i = 0; i < opening.size(); ++i) {
    Bytes changed = opening;
    changed[i] ^= 1;
    CHECK((order_signed_bytes(chain, changed) == covered) == (i >= opening.size() - 64));
  }
}
