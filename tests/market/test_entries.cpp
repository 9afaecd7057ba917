// Every entry of the market has one encoding: whatever is cut, longer or out of range is refused.

#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "ledger/oracle/batch.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "market/entries/entries.hpp"
#include "market/state/market_state.hpp"

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
  r.feeder = 5;
  r.first_slot = {2880};
  r.end_slot = {5760};
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
  check_canonical(encode(RegistrationBody{{1}, 7, {}}), decode_registration_body);
  check_canonical(encode(MarksBody{{1}, {2}, 3, {}}), decode_marks_body);
  check_canonical(encode(OrderBody{{3}}), decode_order_body);
  check_canonical(encode(ForecastBody{{1}, {96}, 96, WattHours{-5}, {}}), decode_forecast_body);
  check_canonical(encode(ForecastBody{{1}, {96}, 96, {}, {}}), decode_forecast_body);
  check_canonical(encode(SealingKey{{}, {7}, {9}}), decode_sealing_key);
  check_canonical(encode(StatementsBody{{48}, {2}, 20}), decode_statements_body);
  Statement s;
  s.slot = s.since = {48};
  check_canonical(encode(s), decode_statement);
  const WattHours a{20}, b{700}, c{30}, d{0};
  check_canonical(encode(Ruling{{}, {7}, {48}, {40}, Outcome::replacement, a, b, c, d}),
                  decode_ruling);
  check_canonical(encode(RulingBody{{48}, 2, {}}), decode_ruling_body);
  check_canonical(encode(FindingsBody{1, {48}, 2, {}}), decode_findings_body);
  FeederFindings found;
  found.meters_sigma = {1};
  check_canonical(encode(OwnedFindings{{}, *complete(found)}), decode_owned_findings);
  check_canonical(encode(a_settlement()), decode_settlement_body);
}

TEST_CASE("values that no entry may hold are refused") {
  Registration r = a_registration();
  r.deposit = {-1};
  CHECK_FALSE(decode_registration(encode(r)));
  r = a_registration();
  r.kind = static_cast<MeterKind>(2);
  CHECK_FALSE(decode_registration(encode(r)));
  r = a_registration();
  r.max_power_w = max_meter_power_w + 1;
  CHECK_FALSE(decode_registration(encode(r)));
  r = a_registration();
  r.end_slot = r.first_slot;
  CHECK_FALSE(decode_registration(encode(r)));
  // Quarantine, register event and the quarantined energies: what nothing fills yet is zero.
  for (std::size_t from_end = 1; from_end <= 12; ++from_end) {
    Bytes mark = encode(Mark{});
    mark[mark.size() - from_end] = 2;
    CHECK_FALSE(decode_mark(mark));
  }
  Ruling ruling{{}, {7}, {48}, {40}, Outcome::rejection, {1}, {2}, {}, {}};
  CHECK(decode_ruling(encode(ruling)));
  ruling.import_in_place = {1};
  CHECK_FALSE(decode_ruling(encode(ruling)));
  ruling.outcome = Outcome::replacement;
  CHECK(decode_ruling(encode(ruling)));
  ruling.export_in_place = {-1};
  CHECK_FALSE(decode_ruling(encode(ruling)));
  ruling.export_in_place = {(std::int64_t{1} << 40) + 1};
  CHECK_FALSE(decode_ruling(encode(ruling)));
  ruling.export_in_place = {};
  ruling.outcome = static_cast<Outcome>(3);
  CHECK_FALSE(decode_ruling(encode(ruling)));
  Bytes order = encode(an_order());
  order[25] = 2;  // the side
  CHECK_FALSE(decode_order(order));
  Bytes settlement = encode(a_settlement());
  settlement[4] = 2;
  CHECK_FALSE(decode_settlement_body(settlement));
  settlement[4] = 0;  // no price, and yet one
  CHECK_FALSE(decode_settlement_body(settlement));
}

TEST_CASE("another version of an opening is refused") {
  const auto other = [](Bytes bytes) { return (bytes[16] = 2, bytes); };
  CHECK_FALSE(decode_registration(other(encode(a_registration()))));
  CHECK_FALSE(decode_sealing_key(other(encode(SealingKey{}))));
  CHECK_FALSE(decode_mark(other(encode(Mark{}))));
  CHECK_FALSE(decode_order(other(encode(an_order()))));
  CHECK_FALSE(decode_forecast(other(encode(Forecast{{}, {7}, {96}, {1}}))));
  CHECK_FALSE(decode_statement(other(encode(Statement{}))));
  CHECK_FALSE(decode_meter_record(other(encode(MeterRecord{}))));
}

TEST_CASE("a statement holds what can be computed with") {
  const auto refused = [](auto change) {
    Statement s;
    s.slot = {5};
    change(s);
    return !decode_statement(encode(s));
  };
  CHECK_FALSE(refused([](Statement&) {}));
  CHECK(refused([](Statement& s) { s.since = {6}; }));
  CHECK(refused([](Statement& s) { s.standing = static_cast<Standing>(standings); }));
  CHECK(refused([](Statement& s) { s.imported = {-1}; }));
  CHECK(refused([](Statement& s) { s.sold = {(std::int64_t{1} << 40) + 1}; }));
  CHECK(refused([](Statement& s) { s.contracted_buy = {INT64_MAX}; }));
  CHECK(refused([](Statement& s) { s.trade_earned = {INT64_MIN}; }));
  CHECK(refused([](Statement& s) { s.balance = {INT64_MAX}; }));
}

TEST_CASE("registrations and their keys come in pairs that fit") {
  std::vector<Opening> openings;
  add_openings(openings, {a_registration(), {3}});
  const auto all = decode_registrations(openings);
  REQUIRE(all);
  CHECK(all->size() == 1);
  CHECK((*all)[0].restricted_key == SubjectKey{3});
  // No part of the registration shows the key.
  const Bytes key = to_bytes(SubjectKey{3});
  CHECK(std::search(openings[0].data.begin(), openings[0].data.end(), key.begin(), key.end()) ==
        openings[0].data.end());
  CHECK(openings[0].salt != openings[1].salt);
  auto odd = openings;
  odd.pop_back();
  CHECK_FALSE(decode_registrations(odd));
  std::swap(openings[0], openings[1]);
  CHECK_FALSE(decode_registrations(openings));
  openings = odd;
  openings.push_back({{}, encode(SealingKey{a_registration().account, {8}, {3}})});
  CHECK_FALSE(decode_registrations(openings));
}

TEST_CASE("no two orders of a home share a salt") {
  SignedOrder a = an_order(), b = an_order();
  b.order.id.bytes[15] ^= 1;
  CHECK(order_salt({1}, a) != order_salt({1}, b));
  CHECK(order_salt({1}, a) == order_salt({1}, an_order()));
  CHECK(row_id(a.order.account, a.order.id) != row_id({}, a.order.id));
}

TEST_CASE("a sum over few homes, or mostly one home's, is hidden") {
  std::vector<std::int64_t> nine(9, 100), ten(10, 100);
  CHECK(public_sum(nine) == hidden_sum);
  CHECK(public_sum(ten) == 1000);
  nine.resize(40);  // thirty-one homes that add nothing hide nobody
  CHECK(public_sum(nine) == hidden_sum);
  ten.push_back(1000);
  CHECK(public_sum(ten) == 2000);
  ten.back() = 1001;
  CHECK(public_sum(ten) == hidden_sum);
  CHECK(public_sum({}) == hidden_sum);
  CHECK(public_gateway_sum(std::vector<std::int64_t>(10, 100), 1) == 1000);
  CHECK(public_gateway_sum(std::vector<std::int64_t>(9, 100), 1) == hidden_sum);
  CHECK(public_gateway_sum(std::vector<std::int64_t>(500, 100), 2) == hidden_sum);
  std::vector<Forecast> homes(10, Forecast{{}, {}, {}, {50, -150}});
  CHECK(public_total(homes, 1) == WattHours{-1000});
  CHECK_FALSE(public_total(homes, 2));
  homes.pop_back();
  CHECK_FALSE(public_total(homes, 1));
}

TEST_CASE("a forecast that announces more slots than it holds is refused without being read") {
  Bytes forecast = encode(Forecast{{}, {7}, {96}, {1, 2}});
  forecast[25] = 0xff;  // slots u16
  forecast[26] = 0xff;
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
