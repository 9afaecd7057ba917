// Held tokens: by contract they stay with who bought them, are transferred and retire once.

#include "tests/market/refused_with.hpp"

using namespace market_test;

namespace {

const Hash village_chain_id = chain_id_of(village_genesis());

Contract holding(std::uint32_t home, std::uint32_t first, std::uint32_t end,
                 std::uint32_t number = 1) {
  Contract c;
  c.account = account(static_cast<std::uint8_t>(home));
  c.meter = {home};
  c.first_slot = {first};
  c.end_slot = {end};
  c.number = number;
  c.of = Template::hold_tokens;
  if (first != end) c.id = order_id(9);
  return c;
}

Transaction signed_contract(const Contract& c) {
  return contract_of(village_chain_id, c, Village::restricted_key(c.meter.value),
                     signer_of("account " + std::to_string(c.meter.value)));
}

Transfer transfer(std::uint32_t from, std::uint32_t to, std::uint32_t slot, std::uint32_t vintage,
                  std::int64_t wh, std::uint8_t id = 1) {
  return {account(static_cast<std::uint8_t>(from)), {from},       {slot}, {vintage}, {wh},
          account(static_cast<std::uint8_t>(to)),   order_id(id), {}};
}

Transaction signed_transfer(const Transfer& t, const std::string& signer = {}) {
  return transfer_of(
      village_chain_id, t, Village::restricted_key(t.meter.value),
      signer_of(signer.empty() ? "account " + std::to_string(t.meter.value) : signer));
}

Transaction retirement(std::uint32_t home, std::uint32_t slot, std::uint32_t vintage,
                       std::int64_t wh, TokenClaim claim, std::uint8_t id = 1) {
  return retirement_of(village_chain_id,
                       {account(static_cast<std::uint8_t>(home)),
                        {home},
                        {slot},
                        {vintage},
                        {wh},
                        claim,
                        order_id(id),
                        {}},
                       Village::restricted_key(home), signer_of("account " + std::to_string(home)));
}

// Home 1 buys 300 Wh of home 3 in slot 0 and holds them; it imported 800.
struct Held {
  Held() {
    v.register_all();
    accept(signed_contract(holding(1, 0, 100)), 0);
    accept(Village::order(1, 0, Side::buy, 300, 200'000, 1), 0);
    accept(Village::order(3, 0, Side::sell, 300, 100'000, 3), 0);
    close(0, 800'000, 500'500);
  }
  void accept(const Transaction& tx, std::int64_t time_ms) {
    const std::string why = v.refusal(tx, time_ms);
    REQUIRE_MESSAGE(why.empty(), why);
  }
  void close(std::uint32_t slot, std::int64_t import_1, std::int64_t export_3,
             bool quarantined_1 = false) {
    const std::int64_t end = (slot + 1) * 120'000;
    for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 2 * slot + 2);
    accept(Village::marks(0, slot,
                          {Village::mark(1, slot, import_1, 500, quarantined_1),
                           Village::mark(2, slot, 0, 500)}),
           end);
    accept(Village::marks(1, slot,
                          {Village::mark(3, slot, 0, export_3), Village::mark(4, slot, 0, 500)}),
           end);
    REQUIRE(v.close(end) == 1);
    REQUIRE(v.state().broken_invariant().empty());
  }
  WattHours held(std::uint8_t home, std::uint32_t vintage = 0) const {
    return v.state().tokens().held(account(home), {vintage});
  }
  mutable Village v;
};

}  // namespace

TEST_CASE("holdings: who holds by contract keeps what it buys; nothing else changes for it") {
  Held h;
  CHECK(h.held(1) == WattHours{300});
  const Statement& s = h.v.state().last_closed()->settlement.statements[0];
  CHECK(s.bought == WattHours{300});
  CHECK(s.retired == WattHours{});
  CHECK(s.trade_paid == MicroEuros{45'000});
  CHECK(h.v.state().tokens().uncovered(account(1), {0}) == WattHours{800});
}

TEST_CASE(
    "holdings: a transfer acts when its slot closes, and its tokens cannot be promised twice") {
  Held h;
  h.accept(signed_transfer(transfer(1, 2, 1, 0, 200)), 130'000);
  CHECK(h.held(1) == WattHours{300});
  CHECK(h.v.state().free_tokens(account(1), {0}) == WattHours{100});
  CHECK(refused_with(h.v, signed_transfer(transfer(1, 3, 1, 0, 101, 2)), 130'000,
                     "moves 101 Wh of tokens of slot 0, of which the account has 100 free"));
  CHECK(refused_with(h.v, retirement(1, 2, 0, 101, TokenClaim::green), 130'000, "100 free"));
  h.accept(retirement(1, 2, 0, 100, TokenClaim::green), 130'000);
  h.close(1, 800'000, 500'500);
  CHECK(h.held(1) == WattHours{100});
  CHECK(h.held(2) == WattHours{200});
  CHECK(h.v.state().free_tokens(account(1), {0}) == WattHours{});
  h.close(2, 800'000, 500'500);
  CHECK(h.held(1) == WattHours{});
  CHECK(h.v.state().tokens().vintages().at(0).retired == WattHours{100});
  // What was received can go on.
  h.accept(signed_transfer(transfer(2, 3, 3, 0, 200)), 370'000);
  h.close(3, 800'000, 500'500);
  CHECK(h.held(3) == WattHours{200});
}

TEST_CASE("holdings: the same id with the same bytes is there already, with others it is named") {
  Held h;
  h.accept(signed_transfer(transfer(1, 2, 1, 0, 200)), 130'000);
  CHECK(refused_with(h.v, signed_transfer(transfer(1, 2, 1, 0, 200)), 130'000,
                     "transfer is on the ledger already"));
  CHECK(refused_with(h.v, signed_transfer(transfer(1, 2, 1, 0, 50)), 130'000,
                     "transfer id is taken by another one of the account in this slot"));
  h.accept(signed_transfer(transfer(1, 2, 2, 0, 50)), 130'000);  // another slot
  h.accept(retirement(1, 1, 0, 10, TokenClaim::green), 130'000);
  CHECK(refused_with(h.v, retirement(1, 1, 0, 10, TokenClaim::green), 130'000,
                     "retirement is on the ledger already"));
  CHECK(refused_with(h.v, retirement(1, 1, 0, 11, TokenClaim::green), 130'000,
                     "retirement id is taken"));
}

TEST_CASE("holdings: own consumption retires at most what was imported in the slot, once") {
  Held h;
  h.accept(retirement(1, 1, 0, 250, TokenClaim::own_consumption), 130'000);
  CHECK(h.v.state().tokens().uncovered(account(1), {0}) == WattHours{550});
  h.accept(signed_transfer(transfer(1, 2, 1, 0, 50)), 130'000);
  h.close(1, 800'000, 500'500);
  // Home 2 had no contract then: nothing says what it consumed.
  CHECK(refused_with(h.v, retirement(2, 2, 0, 50, TokenClaim::own_consumption), 250'000,
                     "more tokens than the account's consumption of the slot that is left"));
  h.accept(retirement(2, 2, 0, 50, TokenClaim::green), 250'000);
  h.close(2, 800'000, 500'500);
  CHECK(h.v.state().tokens().vintages().at(0).retired == WattHours{300});
  CHECK(refused_with(h.v, retirement(2, 3, 0, 1, TokenClaim::green), 370'000, "has 0 free"));
}

TEST_CASE("holdings: what a mark says of several slots is nobody's consumption of one") {
  Held h;
  h.close(1, 900'000, 500'500, true);
  CHECK(h.v.state().tokens().uncovered(account(1), {1}) == WattHours{});
  h.close(2, 1'000'000, 500'500);
  CHECK(h.v.state().last_closed()->settlement.statements[0].standing == Standing::recovering);
  CHECK(h.v.state().tokens().uncovered(account(1), {2}) == WattHours{});
  h.close(3, 1'100'000, 500'500);
  CHECK(h.v.state().tokens().uncovered(account(1), {3}) == WattHours{100});
}

TEST_CASE("holdings: what may not be moved is refused by name") {
  Held h;
  const auto refused = [&](const Transaction& tx, const char* words) {
    return refused_with(h.v, tx, 130'000, words);
  };
  CHECK(refused(signed_transfer(transfer(1, 2, 1, 0, 10), "account 2"),
                "is not signed by its account"));
  CHECK(refused(signed_transfer(transfer(1, 1, 1, 0, 10)), "transfer of an account to itself"));
  CHECK(refused(signed_transfer(transfer(1, 7, 1, 0, 10)), "transfer to an unknown account"));
  CHECK(refused(signed_transfer(transfer(1, 4, 1, 0, 10)),
                "transfer to an account that is no home's"));
  CHECK(refused(signed_transfer(transfer(1, 2, 0, 0, 10)), "acts in a slot that is closed"));
  CHECK(refused(signed_transfer(transfer(1, 2, 5000, 0, 10)), "too far ahead"));
  CHECK(refused(signed_transfer(transfer(1, 2, 1, 1, 10)),
                "tokens of a slot that is not closed yet"));
  CHECK(refused(signed_transfer(transfer(4, 2, 1, 0, 10)), "has no meter in the slot"));
  for (const std::int64_t wh : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX})
    CHECK(refused(signed_transfer(transfer(1, 2, 1, 0, wh)),
                  "transfer is not in its canonical form"));
  Transfer of_another = transfer(1, 2, 1, 0, 10);
  of_another.account = account(2);
  CHECK(refused(signed_transfer(of_another), "is of an account that has another meter"));
  Transaction lying = signed_transfer(transfer(1, 2, 1, 0, 10));
  lying.openings[1].data = encode(notice_of(transfer(1, 2, 1, 0, 11)));
  lying.root = openings_root(lying.openings);
  CHECK(refused(lying, "the receiver's opening says another transfer"));
  Transaction alone = signed_transfer(transfer(1, 2, 1, 0, 10));
  alone.openings.pop_back();
  alone.root = openings_root(alone.openings);
  CHECK(refused(alone, "a transfer has its sender's opening and its receiver's"));
  Transaction elsewhere = signed_transfer(transfer(1, 2, 1, 0, 10));
  elsewhere.body = encode(OrderBody{{2}});
  CHECK(refused(elsewhere, "transfer of another slot"));
}

TEST_CASE("holdings: encodings are canonical") {
  const auto canonical = [](const auto& value, auto decode) {
    const Bytes bytes = encode(value);
    REQUIRE(decode(bytes));
    CHECK(encode(*decode(bytes)) == bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_FALSE(decode(BytesView(bytes).first(size)));
    Bytes other = bytes;
    other[16] = 2;
    CHECK_FALSE(decode(other));
    other = bytes;
    other.push_back(0);
    CHECK_FALSE(decode(other));
  };
  const Transfer t = transfer(1, 2, 3, 0, 10);
  canonical(t, decode_transfer);
  canonical(notice_of(t), decode_transfer_notice);
  canonical(Retirement{account(1), {1}, {3}, {0}, {10}, TokenClaim::green, order_id(1), {}},
            decode_retirement);
  canonical(Cancellation{account(1), {1}, {3}, order_id(1), {}}, decode_cancellation);
  canonical(holding(1, 3, 9), decode_contract);
}
