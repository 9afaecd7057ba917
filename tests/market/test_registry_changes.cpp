// Keys, points, gateways and certificates that change: what each transaction does, and every way in
// which one is refused.

#include <doctest/doctest.h>

#include "ledger/base/codec.hpp"
#include "market/audit/invariants.hpp"
#include "market/audit/public_log.hpp"
#include "market/audit/slot_due.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

const Hash& chain() {
  static const Hash id = chain_id_of(village_genesis());
  return id;
}

AccountId account_of(std::uint32_t meter) { return account(static_cast<std::uint8_t>(meter)); }

KeyChange change(KeyOf of, std::uint32_t meter, std::uint32_t slot, const std::string& next) {
  return {account_of(meter), {meter}, of, {slot}, signer_of(next).public_key(), {}};
}

// By the old key's signer; of none it is lost.
Transaction changed(const KeyChange& c, const std::string& old_key, const std::string& role) {
  return key_change_of(chain(), Village::gateway_of(c.meter.value), c,
                       Village::restricted_key(c.meter.value),
                       old_key.empty() ? nullptr : &signer_of(old_key), signer_of(role));
}
Transaction meter_key(std::uint32_t slot, const std::string& next = "changed meter 1",
                      const std::string& old_key = "meter 1",
                      const std::string& role = "metering operator", std::uint32_t meter = 1) {
  return changed(change(KeyOf::meter, meter, slot, next), old_key, role);
}
Transaction account_key(std::uint32_t slot, const std::string& next = "changed account 1",
                        const std::string& old_key = "account 1",
                        const std::string& role = "registrar") {
  return changed(change(KeyOf::account, 1, slot, next), old_key, role);
}
Transaction gateway_key(std::uint32_t slot, const std::string& old_key = "gateway 0",
                        const std::string& role = "gateway administrator",
                        const std::string& next = "changed gateway 0") {
  return gateway_key_change_of(chain(), {0}, {signer_of(next).public_key(), {slot}},
                               old_key.empty() ? nullptr : &signer_of(old_key), signer_of(role));
}
Transaction leaving(std::uint32_t meter, std::uint32_t last, const std::string& account_signer = {},
                    const std::string& role = "registrar") {
  return deregistration_of(
      chain(), Village::gateway_of(meter), {account_of(meter), {meter}, {last}, {}},
      Village::restricted_key(meter),
      signer_of(account_signer.empty() ? "account " + std::to_string(meter) : account_signer),
      signer_of(role));
}
Transaction gateway(std::uint32_t id, std::uint32_t first, std::uint32_t end = UINT32_MAX,
                    const std::string& role = "gateway administrator") {
  return gateway_of(chain(),
                    {GatewayBody::Action::registered,
                     {id},
                     signer_of("gateway " + std::to_string(id)).public_key(),
                     {first},
                     {end},
                     {}},
                    signer_of(role));
}
Transaction withdrawal(std::uint32_t id, std::uint32_t end,
                       const std::string& role = "gateway administrator") {
  return gateway_of(chain(), {GatewayBody::Action::withdrawn, {id}, {}, {}, {end}, {}},
                    signer_of(role));
}
MeterCertificate certificate(std::uint32_t meter, std::uint32_t first, std::uint32_t end,
                             std::uint8_t number = 1) {
  Hash hash{};
  hash[0] = number;
  return {account_of(meter), {meter}, Village::registered(meter).meter_key, hash, {first}, {end}};
}
Transaction certificates(const std::vector<MeterCertificate>& all,
                         const std::string& role = "certifier") {
  std::vector<Opening> openings;
  for (const MeterCertificate& c : all)
    openings.push_back(opening_of(Village::restricted_key(c.meter.value), c));
  return certificates_of(chain(), std::move(openings), signer_of(role));
}

// Slots are marked and closed as they come, with rises of 100 and 60 Wh a slot for homes 1 to 3.
class Slots {
 public:
  Slots() {
    const std::vector<Transaction> all{Village::registration(0, {1, 2}),
                                       Village::registration(1, {3, 4})};
    log.genesis = village_genesis();
    for (const Transaction& tx : all) CHECK(v.refusal(tx, 0) == "");
    for (const Transaction& tx : all) log.entries.push_back(tx.entry());
    CHECK(watch_.broken_by(all, v.state()) == "");
  }

  std::string refusal(const Transaction& tx, std::int64_t time_ms) {
    const std::string why = v.refusal(tx, time_ms);
    if (why.empty()) block_.push_back(tx);
    if (why.empty()) log.entries.push_back(tx.entry());
    return why;
  }
  std::string now(const Transaction& tx) {  // 10 s into the first open slot
    return refusal(tx, std::int64_t{slot} * 120'000 + 10'000);
  }
  Mark mark(std::uint32_t meter) const {
    return Village::mark(meter, slot, 100'000 * (slot + 1), 500 + 60'000 * (slot + 1));
  }
  std::vector<Mark> marks_of(std::uint32_t gateway) const {
    std::vector<Mark> out;
    for (const auto& [id, m] : v.state().meters())
      if (m.registration.gateway.value == gateway && id < 4 && m.registration.valid_in({slot}))
        out.push_back(mark(id));
    return out;
  }
  void close() {
    const std::int64_t end = (std::int64_t{slot} + 1) * 120'000;
    for (const std::uint32_t g : {0u, 1u}) {
      v.batches_until(g, 2 * slot + 2);
      CHECK(refusal(Village::marks(g, slot, marks_of(g)), end) == "");
    }
    close_at(end);
  }
  // By state and public log alike.
  bool due(std::int64_t time_ms) const {
    const bool is = !v.state().due(time_ms).empty();
    CHECK(is_slot_due(log, time_ms) == is);
    return is;
  }
  void close_at(std::int64_t time_ms) {
    const auto due = v.state().due(time_ms);
    REQUIRE(!due.empty());
    CHECK(watch_.broken_by(std::exchange(block_, {}), v.state()) == "");
    for (const Transaction& tx : due) REQUIRE(v.refusal(tx, time_ms) == "");
    for (const Transaction& tx : due) log.entries.push_back(tx.entry());
    CHECK(watch_.broken_by(due, v.state()) == "");
    CHECK(v.state().broken_invariant() == "");
    ++slot;
  }
  const Statement& statement(std::uint32_t meter) const {
    for (const Statement& s : v.state().last_closed()->settlement.statements)
      if (s.meter.value == meter) return s;
    static const Statement none;
    return none;
  }

  mutable Village v;
  PublicLog log;
  std::uint32_t slot = 0;

 private:
  std::vector<Transaction> block_;  // since the last slot that closed
  InvariantWatch watch_;
};

}  // namespace

TEST_CASE("each role signs what is its own, and is named where another one did") {
  const std::vector<std::pair<std::string, Transaction>> all{
      {"registrar", Village::registration(0, std::vector{Village::registered(1)})},
      {"registrar", leaving(1, 1)},
      {"registrar", account_key(1)},
      {"metering operator", meter_key(1)},
      {"metering operator", Village::papers(0, {Village::swap(1, 0, {0, 1'000, 0, 0})})},
      {"gateway administrator", gateway_key(1)},
      {"gateway administrator", gateway(2, 5)},
      {"gateway administrator", withdrawal(1, 5)},
      {"certifier", certificates({certificate(1, 0, 9)})}};
  const std::vector<std::string> roles{"registrar", "metering operator", "gateway administrator",
                                       "certifier"};
  for (const auto& row : all)
    for (const std::string& role : roles) {
      Village v;
      CAPTURE(role);
      const auto admitted = v.state().admit(std::vector{Village::signed_anew(row.second, role)})[0];
      if (role == row.first)
        CHECK(admitted.has_value());
      else
        CHECK(admitted.error().why == "is not signed by the " + row.first);
    }
}

TEST_CASE("a meter's key changes from a slot on: same device, nothing else changes") {
  Slots s;
  s.close();
  REQUIRE(s.now(meter_key(2)) == "");
  const MarketState::Meter& m = s.v.state().meters().at(1);
  CHECK(m.meter_keys.in({1}) == signer_of("meter 1").public_key());
  CHECK(m.meter_keys.in({2}) == signer_of("changed meter 1").public_key());
  CHECK(m.registration.meter_key == signer_of("changed meter 1").public_key());
  for (int i = 0; i < 3; ++i) s.close();
  CHECK(s.statement(1).standing == Standing::metered);
  CHECK(s.statement(1).exported.value == 60);
  // A key that nobody has any more is free for another meter, from the slot on in which it is.
  Registration r = Village::registered(9);
  r.gateway = {0};
  r.meter_key = signer_of("meter 1").public_key();
  r.first_slot = {2};
  CHECK(s.now(Village::registration(0, std::vector{r})) == "");
  CHECK(s.now(meter_key(5, "changed again", "changed meter 1")) == "");
}

TEST_CASE("key changes of meters that are refused") {
  Slots s;
  s.close();
  s.v.batches_until(0, 4);
  const std::string stranger = "key change of a meter that is not this gateway's";
  CHECK(s.now(meter_key(2, "x", "account 1")) == "key change is not signed by the old key");
  CHECK(s.now(meter_key(2, "x", "x")) == "key change is not signed by the old key");
  CHECK(s.now(meter_key(1'500)) == "key change too far ahead");
  CHECK(s.now(meter_key(2, "meter 1")) == "the next key is the present one");
  CHECK(s.now(meter_key(2, "meter 2")) == "the next key is another meter's already");
  CHECK(s.now(meter_key(2, "x", "meter 9", "metering operator", 9)) ==
        "key change of an unknown meter");
  KeyChange c = change(KeyOf::meter, 1, 2, "x");
  c.account = account_of(2);
  CHECK(s.now(changed(c, "meter 1", "metering operator")) == stranger);
  const auto body_of = [&](KeyChangeBody body) {
    Transaction tx = meter_key(2);
    tx.body = encode(body);
    return Village::signed_anew(tx, body.of == KeyOf::meter ? "metering operator" : "registrar");
  };
  CHECK(s.now(body_of({KeyOf::meter, {1}, {2}, false, {}, {}, {}})) == stranger);
  CHECK(s.now(body_of({KeyOf::meter, {7}, {2}, false, {}, {}, {}})) == "is of an unknown gateway");
  const std::string another = "key change of another kind or slot than its body's";
  CHECK(s.now(body_of({KeyOf::account, {0}, {2}, false, {}, {}, {}})) == another);
  CHECK(s.now(body_of({KeyOf::meter, {0}, {3}, false, {}, {}, {}})) == another);
  // Said to be lost, and signed all the same.
  CHECK(s.now(body_of({KeyOf::meter, {0}, {2}, true, {}, {}, {}})) == "a lost key signs nothing");
  KeyChangeBody shown{KeyOf::meter, {0}, {2}, false, {}, {}, {}};
  shown.next_key = signer_of("x").public_key();
  CHECK(s.now(body_of(shown)) == "key change is not in its canonical form");
  c = change(KeyOf::meter, 1, 2, "x");
  c.next_key = {};
  CHECK(s.now(changed(c, "meter 1", "metering operator")) == "key change from or to no key at all");
  Transaction two = meter_key(2);
  two.openings.push_back(two.openings[0]);
  two.root = openings_root(two.openings);
  CHECK(s.now(Village::signed_anew(two, "metering operator")) == "a key change has one opening");
  // By another gateway's meter in between: a swap and a change share no slot.
  REQUIRE(s.now(Village::papers(0, {Village::swap(1, 1, {110'000, 70'000, 0, 0})})) == "");
  CHECK(s.now(meter_key(1, "x", "next meter")) ==
        "another key holds from this slot or a later one already");
  REQUIRE(s.now(meter_key(2, "x", "next meter")) == "");
  CHECK(s.now(meter_key(2, "y", "x")) == "another key holds from this slot or a later one already");
  CHECK(s.now(Village::papers(0, {Village::swap(2, 1, {110'000, 70'000, 0, 0}, "x")})) ==
        "the next meter's key is another meter's already");
  CHECK(s.now(Village::papers(0, {Village::swap(2, 1, {110'000, 70'000, 0, 0}, "y")})) == "");
}

TEST_CASE("a key change that comes late acts in what comes behind it") {
  Slots s;
  s.close();
  s.close();
  const Hash before = s.v.state().commit();
  REQUIRE(s.now(meter_key(0)) == "");
  CHECK(s.v.state().commit() != before);
  CHECK(s.now(meter_key(0, "x", "changed meter 1")) ==
        "another key holds from this slot or a later one already");
  REQUIRE(s.now(account_key(1)) == "");
  const auto bid = [](std::uint8_t id, const std::string& signer) {
    return Village::order(1, 3, Side::buy, 50, 100'000, id, signer);
  };
  CHECK(s.now(bid(1, "account 1")) == "order is not signed by its account");
  CHECK(s.now(bid(2, "changed account 1")) == "");
  s.close();
  CHECK(s.statement(1).standing == Standing::metered);
  CHECK(s.statement(1).minted.value == 60);
}

TEST_CASE("a gateway's key change that comes late: nothing of its slot is posted by then") {
  Slots s;
  s.v.batches_until(0, 2);
  for (const std::int64_t grace : {150'000, 270'000, 390'000}) s.close_at(grace);
  CHECK(s.refusal(gateway_key(0), 400'000) ==
        "key change in a slot that the gateway has posted of already");
  const std::string waits =
      "the change of a lost key waits for what the old one signs in two slots";
  CHECK(s.refusal(gateway_key(1, "", "gateway administrator", "x"), 359'999) == waits);
  Slots other = s;
  CHECK(other.refusal(gateway_key(1, "", "gateway administrator", "x"), 360'000) == "");
  CHECK(s.refusal(gateway_key(1), 400'000) == "");
  const auto batch = [&](const std::string& signer) {
    const Transaction first = Village::batch(0, 1, {});
    const Transaction second = Village::batch(0, 2, sha256(first.entry()));
    return Village::signed_anew(Village::batch(0, 3, sha256(second.entry())), signer);
  };
  CHECK(s.refusal(batch("gateway 0"), 400'000) == "is not signed by its gateway");
  CHECK(s.refusal(batch("changed gateway 0"), 400'000) == "");
}

TEST_CASE("a swap in a slot from which another key holds is refused") {
  Slots s;
  REQUIRE(s.now(meter_key(0)) == "");
  CHECK(s.now(Village::papers(0, {Village::swap(1, 0, {1'000, 1'000, 0, 0})})) ==
        "swap in a slot from which, or later, another key holds already");
}

TEST_CASE("a lost key: the role alone, a whole slot later, and no sooner") {
  Slots s;
  for (const std::uint32_t soon : {0u, 1u})
    CHECK(s.now(meter_key(soon, "x", "")) ==
          "the change of a lost key acts a whole slot later at the earliest");
  CHECK(s.now(meter_key(2, "x", "", "registrar")) == "is not signed by the metering operator");
  const Transaction lost = meter_key(2, "x", "");
  CHECK(decode_key_change_body(lost.body)->lost);
  CHECK(s.now(lost) == "");
  CHECK(s.now(account_key(1, "x", "")) ==
        "the change of a lost key acts a whole slot later at the earliest");
  CHECK(s.now(account_key(2, "x", "")) == "");
  CHECK(s.now(gateway_key(1, "")) ==
        "the change of a lost key waits for what the old one signs in two slots");
  CHECK(s.now(gateway_key(2, "")) == "");
}

TEST_CASE("an account's key of a slot signs what is about the slot") {
  Slots s;
  REQUIRE(s.now(account_key(2)) == "");
  CHECK(s.now(account_key(2, "x", "changed account 1")) ==
        "another key holds from this slot or a later one already");
  const auto bid = [](std::uint32_t slot, std::uint8_t id, const std::string& signer) {
    return Village::order(1, slot, Side::buy, 50, 100'000, id, signer);
  };
  const std::string refused = "order is not signed by its account";
  CHECK(s.now(bid(1, 1, "account 1")) == "");
  CHECK(s.now(bid(1, 2, "changed account 1")) == refused);
  CHECK(s.now(bid(2, 3, "account 1")) == refused);
  CHECK(s.now(bid(2, 4, "changed account 1")) == "");
  // One that waits since before the change was checked under the key that is over.
  const Transaction old = bid(3, 5, "account 1");
  const auto applied = s.v.state().apply(old, leaf_of(old), SignatureIs::checked, 0);
  REQUIRE(!applied);
  CHECK(applied.error().why == refused);
  s.close();
  s.close();
  MeterSwap swap = Village::swap(1, 2, {210'000, 130'000, 0, 0});
  CHECK(s.now(Village::papers(0, {swap})) == "swap is not signed by the account");
  swap = Village::sign(swap, "changed account 1");
  CHECK(s.now(Village::papers(0, {swap})) == "");
  CHECK(s.now(leaving(1, 3)) == "deregistration is not signed by the account");
  CHECK(s.now(leaving(1, 3, "changed account 1")) == "");
}

TEST_CASE("a gateway's key of a slot signs the slot's batches and marks") {
  Slots s;
  CHECK(s.now(gateway_key(1, "gateway 1")) == "key change is not signed by the old key");
  CHECK(s.now(gateway_key(1, "gateway 0", "gateway administrator", "gateway 1")) ==
        "the next key is another gateway's already");
  REQUIRE(s.now(gateway_key(1)) == "");
  CHECK(s.now(gateway_key(1, "changed gateway 0", "gateway administrator", "x")) ==
        "another key holds from this slot or a later one already");
  const auto batch = [&](std::uint32_t epoch, const Hash& previous, const std::string& signer) {
    return Village::signed_anew(Village::batch(0, epoch, previous), signer);
  };
  const std::string refused = "is not signed by its gateway";
  Hash last{};
  for (std::uint32_t epoch = 1; epoch <= 4; ++epoch) {
    const bool old = epoch <= 2;
    const Transaction right = batch(epoch, last, old ? "gateway 0" : "changed gateway 0");
    CHECK(s.refusal(batch(epoch, last, old ? "changed gateway 0" : "gateway 0"), epoch * 60'000) ==
          refused);
    CHECK(s.refusal(right, epoch * 60'000) == "");
    last = sha256(right.entry());
  }
  CHECK(s.refusal(gateway_key(1), 240'000) ==
        "key change in a slot that the gateway has posted of already");
  const Transaction marks = Village::marks(0, 0, {});
  CHECK(s.refusal(Village::signed_anew(marks, "changed gateway 0"), 240'000) == refused);
  CHECK(s.refusal(marks, 240'000) == "");
  CHECK(s.refusal(Village::marks(0, 1, {}), 240'000) == refused);
  CHECK(s.refusal(Village::signed_anew(Village::marks(0, 1, {}), "changed gateway 0"), 240'000) ==
        "");
  // Checked before the change, and in the pool since.
  Transaction pooled = batch(5, last, "gateway 0");
  const auto applied = s.v.state().apply(pooled, leaf_of(pooled), SignatureIs::checked, 300'000);
  REQUIRE(!applied);
  CHECK(applied.error().why == refused);
}

TEST_CASE("a point leaves at the end of a slot: paid out, not marked, its key free") {
  Slots s;
  s.close();
  const MicroEuros before = s.v.state().journal().balance(account_of(1));
  REQUIRE(s.now(leaving(1, 2)) == "");
  const MicroEuros banked = s.v.state().journal().balance(bank);
  CHECK(s.now(Village::order(1, 3, Side::buy, 5, 5, 1)) ==
        "order of an account that is deregistered");
  CHECK(s.now(Village::order(1, 2, Side::buy, 5, 5, 1)) == "");
  s.close();
  CHECK(s.v.state().journal().balance(account_of(1)) < before);
  s.close();
  // The statement says what was left, the account is empty, and the bank has it.
  const Statement last = s.statement(1);
  CHECK(last.slot == Slot{2});
  CHECK(last.balance.value > 0);
  CHECK(s.v.state().journal().balance(account_of(1)) == MicroEuros{});
  CHECK(s.v.state().journal().balance(bank) == banked + last.balance);
  CHECK(s.v.state().last_closed()->settlement.postings.back().kind == PostingKind::payout);
  CHECK(s.statement(1).minted.value == 60);
  const auto tokens = s.v.state().tokens().totals();
  CHECK(tokens.minted.value == 3 * 3 * 60);
  // A batch holds one meter less; its mark is passed over.
  s.v.batches_until(0, 8);
  const std::int64_t end = 4 * 120'000;
  CHECK(s.refusal(Village::marks(0, 3, {s.mark(1), s.mark(2)}), end) == "");
  CHECK(s.now(leaving(1, 4)) == "the point is deregistered already");
  CHECK(s.now(meter_key(4)) == "key change in a slot that is not the account's");
  Registration r = Village::registered(9);
  r.gateway = {1};
  r.meter_key = signer_of("meter 1").public_key();
  r.first_slot = {3};
  CHECK(s.refusal(Village::registration(1, std::vector{r}), end) == "");
}

TEST_CASE("deregistrations that are refused") {
  Slots s;
  s.close();
  CHECK(s.now(leaving(9, 3)) == "deregistration of an unknown meter");
  CHECK(s.now(leaving(1, 1'500)) == "deregistration too far ahead");
  CHECK(s.now(leaving(1, 2, "account 2")) == "deregistration is not signed by the account");
  CHECK(s.now(leaving(1, 2, "meter 1")) == "deregistration is not signed by the account");
  Transaction other_gateway = leaving(1, 2);
  other_gateway.body = encode(DeregistrationBody{{1}, {}});
  CHECK(s.now(Village::signed_anew(other_gateway, "registrar")) ==
        "deregistration of a meter that is not this gateway's");
  Transaction none = leaving(1, 2);
  none.openings.clear();
  none.root = openings_root({});
  CHECK(s.now(Village::signed_anew(none, "registrar")) == "a deregistration has one opening");
  REQUIRE(s.now(Village::order(1, 3, Side::buy, 5, 5, 1)) == "");
  CHECK(s.now(leaving(1, 2)) == "the account has orders for slots behind its last one");
  CHECK(s.now(leaving(1, 3)) == "");
  const std::string marked = "deregistration at the end of a slot behind which the point is marked";
  s.close();
  CHECK(s.now(leaving(2, 0)) == marked);
  s.v.batches_until(0, 6);
  REQUIRE(s.refusal(Village::marks(0, 2, {s.mark(1), s.mark(2)}), 360'000) == "");
  CHECK(s.now(leaving(2, 1)) == marked);
  CHECK(s.now(leaving(2, 2)) == "");
}

TEST_CASE("a gateway that has not heard of a departure goes on with the point") {
  Slots s;
  s.close();
  REQUIRE(s.now(leaving(1, 0)) == "");
  const auto batch = [](std::uint32_t records) {
    const Transaction first = Village::batch(0, 1, {});
    const Transaction second = Village::batch(0, 2, sha256(first.entry()));
    return Village::batch(0, 3, sha256(second.entry()), hidden_sum, hidden_sum, records);
  };
  CHECK(s.refusal(batch(0), 240'000) == "batch leaves out a registered meter");
  CHECK(s.refusal(batch(3), 240'000) == "batch of more meters than its gateway has on the ledger");
  Slots heard = s;
  CHECK(heard.refusal(batch(1), 240'000) == "");
  CHECK(s.refusal(batch(2), 240'000) == "");
}

TEST_CASE("whether a slot is due follows from the public log as from the state") {
  Slots s;
  CHECK(!s.due(119'999));
  CHECK(!s.due(120'000));
  CHECK(s.due(150'000));
  for (const std::uint32_t id : {2u, 3u}) REQUIRE(s.now(gateway(id, 1)) == "");
  s.close();
  Registration r = Village::registered(9);
  r.gateway = {2};
  r.first_slot = {1};
  REQUIRE(s.now(Village::registration(2, std::vector{r})) == "");
  REQUIRE(s.now(withdrawal(2, 2)) == "");
  const Transaction first = Village::batch(2, 3, {}, hidden_sum, hidden_sum, 1);
  REQUIRE(s.refusal(first, 240'000) == "");
  REQUIRE(s.refusal(Village::batch(2, 4, sha256(first.entry()), hidden_sum, hidden_sum, 1),
                    240'000) == "");
  const auto mark = [&](std::uint32_t g) {
    s.v.batches_until(g, 2 * s.slot + 2);
    REQUIRE(s.refusal(Village::marks(g, s.slot, s.marks_of(g)), (s.slot + 1) * 120'000) == "");
  };
  mark(0);
  mark(1);
  CHECK(!s.due(240'000));
  REQUIRE(s.refusal(Village::marks(2, 1, {}), 240'000) == "");
  CHECK(s.due(240'000));  // gateway 3 has no meters
  s.close_at(240'000);
  mark(0);
  CHECK(!s.due(360'000));
  mark(1);
  CHECK(s.due(360'000));  // gateway 2 is withdrawn
}

TEST_CASE("a deregistration that comes late, of a gateway that was cut off, acts all the same") {
  Slots s;
  s.close();
  REQUIRE(s.now(leaving(1, 0)) == "");
  CHECK(s.now(leaving(1, 0)) == "the point is deregistered already");
  s.v.batches_until(0, 3);
  s.close();
  CHECK(s.v.state().journal().balance(account_of(1)) == MicroEuros{});
  CHECK(s.v.state().broken_invariant().empty());
}

TEST_CASE("a correction of an account that has left goes to the bank as well") {
  Slots s;
  s.v.batches_until(0, 2);
  s.v.batches_until(1, 2);
  Mark bad = s.mark(1);
  bad.quarantined = true;
  CHECK(s.refusal(Village::marks(0, 0, {bad, s.mark(2)}), 120'000) == "");
  CHECK(s.refusal(Village::marks(1, 0, {s.mark(3)}), 120'000) == "");
  s.close_at(120'000);
  REQUIRE(s.now(leaving(1, 1)) == "");
  s.close();
  CHECK(s.statement(1).standing == Standing::recovering);
  CHECK(s.v.state().journal().balance(account_of(1)) == MicroEuros{});
  Ruling r = Village::ruling(1, 2, 1, Outcome::replacement, 200, 120);
  r.import_in_place = {100};
  CHECK(s.now(Village::rulings(2, {r})) == "");
  const MicroEuros banked = s.v.state().journal().balance(bank);
  s.close();
  CHECK(s.v.state().journal().balance(account_of(1)) == MicroEuros{});
  CHECK(s.v.state().journal().balance(bank) != banked);
}

TEST_CASE("a gateway more, and one less") {
  Slots s;
  CHECK(s.now(gateway(1, 3)) == "the gateway is registered already");
  CHECK(s.now(gateway(3, 3)) == "gateway before the one that its number follows");
  CHECK(s.now(gateway(2, 0)) == "gateway from a slot that has begun");
  CHECK(s.now(gateway(2, 1'500)) == "gateway too far ahead");
  CHECK(
      s.now(gateway_of(
          chain(),
          {GatewayBody::Action::registered, {2}, signer_of("gateway 1").public_key(), {3}, {9}, {}},
          signer_of("gateway administrator"))) == "the gateway's key is another gateway's already");
  CHECK(s.now(gateway(2, 5, 5)) == "gateway's entry is not in its canonical form");
  CHECK(s.now(Village::batch(2, 1, {})) == "is of an unknown gateway");
  REQUIRE(s.now(gateway(2, 1)) == "");
  CHECK(s.now(gateway(2, 1)) == "the gateway is registered already");
  CHECK(s.now(Village::batch(2, 2, {})) == "is of a slot before its gateway's first");
  REQUIRE(s.now(gateway(3, 1)) == "");
  s.close();
  Registration r = Village::registered(9);
  r.gateway = {2};
  r.first_slot = {1};
  REQUIRE(s.now(Village::registration(2, std::vector{r})) == "");
  const Transaction first = Village::batch(2, 3, {}, hidden_sum, hidden_sum, 1);
  CHECK(s.refusal(Village::batch(2, 3, Hash{1}, hidden_sum, hidden_sum, 1), 240'000) ==
        "batch does not follow its gateway's last");
  CHECK(s.refusal(first, 240'000) == "");
  CHECK(s.refusal(Village::batch(2, 4, sha256(first.entry()), hidden_sum, hidden_sum, 1),
                  240'000) == "");
  CHECK(s.refusal(Village::marks(2, 1, {Village::mark(9, 1, 50'000, 30'500)}), 240'000) == "");
  s.close();  // nobody waits for gateway 3, which has no meters
  CHECK(s.statement(9).standing == Standing::metered);
  CHECK(s.statement(9).minted.value == 30);

  CHECK(s.now(withdrawal(5, 4)) == "withdrawal of an unknown gateway");
  CHECK(s.now(withdrawal(2, 2)) == "withdrawal from a slot that has begun");
  CHECK(s.now(withdrawal(2, 1)) == "withdrawal before the gateway's first slot has ended");
  REQUIRE(s.now(withdrawal(2, 3)) == "");
  CHECK(s.now(withdrawal(2, 4)) == "the gateway is withdrawn by then already");
  s.close_at(3 * 120'000 + 30'000);  // it was waited for until the grace was over
  const std::string over = "is of a gateway that is withdrawn";
  CHECK(s.refusal(Village::batch(2, 7, {}), 500'000) == over);
  CHECK(s.refusal(Village::marks(2, 3, {}), 500'000) == over);
  const Transaction pooled = Village::marks(2, 3, {});
  const auto applied = s.v.state().apply(pooled, leaf_of(pooled), SignatureIs::checked, 500'000);
  REQUIRE(!applied);
  CHECK(applied.error().why == over);
  Registration late = Village::registered(10);
  late.gateway = {2};
  late.first_slot = {3};
  CHECK(s.refusal(Village::registration(2, std::vector{late}), 500'000) ==
        "registration under a gateway that is withdrawn");
}

TEST_CASE("an auditor follows a later gateway from its first slot on") {
  PublicLog log;
  log.genesis = village_genesis();
  const Transaction first = Village::batch(2, 3, {});
  for (const Transaction& tx : {gateway(2, 1), first, Village::batch(2, 4, sha256(first.entry())),
                                Village::marks(2, 1, {})})
    log.entries.push_back(tx.entry());
  CHECK(check_sequences(log).has_value());
  const auto why = [&](std::size_t without) {
    PublicLog less = log;
    less.entries.erase(less.entries.begin() + static_cast<std::ptrdiff_t>(without));
    const auto ok = check_sequences(less);
    return ok ? std::string() : ok.error();
  };
  CHECK(why(0) == "entry 0: gateway 2 epoch 3 does not follow its epoch 0");
  CHECK(why(1) == "entry 1: gateway 2 epoch 4 does not follow its epoch 2");
  log.entries[3] = Village::marks(2, 0, {}).entry();
  const auto ok = check_sequences(log);
  REQUIRE(!ok);
  CHECK(ok.error() == "entry 3: gateway 2 marks slot 0 where slot 1 is next");
}

TEST_CASE("a chain of one gateway, whose sums are public, takes no second one") {
  Genesis g = village_genesis();
  g.gateways.resize(1);
  Ed25519Verifier verifier;
  MarketState state(g, verifier);
  const Transaction tx = gateway_of(
      chain_id_of(g),
      {GatewayBody::Action::registered, {1}, signer_of("gateway 1").public_key(), {3}, {9}, {}},
      signer_of("gateway administrator"));
  const auto applied = state.apply(tx, leaf_of(tx), SignatureIs::unchecked, 0);
  REQUIRE(!applied);
  CHECK(applied.error().why == "a chain whose one gateway shows its sums takes no second one");
}

TEST_CASE("certificates that are refused") {
  Slots s;
  CHECK(s.now(certificates({})) == "certificates do not fit their count");
  CHECK(s.now(certificates({certificate(9, 0, 5)})) == "certificate of an unknown meter");
  MeterCertificate c = certificate(1, 0, 5);
  c.account = account_of(2);
  CHECK(s.now(certificates({c})) == "certificate of a meter that is not the account's");
  CHECK(s.now(certificates({certificate(1, 5, 5)})) == "certificate is not in its canonical form");
  CHECK(s.now(certificates({certificate(1, 0, 5), certificate(1, 0, 5, 2)})) ==
        "two certificates of one meter");
  CHECK(s.now(certificates({certificate(1, 0, 1)})) == "");
  CHECK(s.now(certificates({certificate(1, 0, 5)})) == "the certificate is on the ledger already");
  s.close();
  CHECK(s.now(certificates({certificate(2, 0, 1)})) == "certificate of slots that are over");
  CHECK(s.v.state().meters().at(1).certificates.empty());
  for (std::uint8_t n = 0; n < 64; ++n) CHECK(s.now(certificates({certificate(1, 0, 5, n)})) == "");
  CHECK(s.now(certificates({certificate(1, 0, 5, 64)})) ==
        "the meter has 64 certificates that are not over");
}

namespace {

// The same village on a chain that asks for certificates: its transactions are signed for it.
class Asked {
 public:
  Asked() : id_(chain_id_of(genesis())), state_(genesis(), verifier_) {
    for (const std::uint32_t g : {0u, 1u}) put(Village::registration(g, {2 * g + 1, 2 * g + 2}));
  }
  static Genesis genesis() {
    Genesis g = village_genesis();
    g.certificates = true;
    return g;
  }
  // By the one who signs such transactions.
  std::string put(Transaction tx, std::int64_t time_ms = 0) {
    static const std::map<TransactionKind, std::string> signers{
        {TransactionKind::registration, "registrar"},
        {TransactionKind::certificate, "certifier"},
        {TransactionKind::batch, "gateway "},
        {TransactionKind::marks, "gateway "}};
    std::string signer = signers.at(tx.kind);
    if (signer == "gateway ") signer += std::to_string(ByteReader(tx.body).u32());
    tx = Village::signed_anew(std::move(tx), signer, id_);
    const auto applied = state_.apply(tx, leaf_of(tx), SignatureIs::unchecked, time_ms);
    if (applied && tx.kind == TransactionKind::batch)
      last_[ByteReader(tx.body).u32()] = sha256(tx.entry());
    return applied ? "" : applied.error().why;
  }
  // The standing of home 1 in the next slot, with this mark of it or none.
  std::string next(bool marked = true) {
    const std::int64_t end = (std::int64_t{slot_} + 1) * 120'000;
    for (const std::uint32_t g : {0u, 1u}) {
      for (std::uint32_t e = 2 * slot_ + 1; e <= 2 * slot_ + 2; ++e)
        CHECK(put(Village::batch(g, e, last_[g]), e * 60'000) == "");
      std::vector<Mark> marks;
      if (g == 0 && marked)
        marks.push_back(Village::mark(1, slot_, 100'000 * (slot_ + 1), 500 + 60'000 * (slot_ + 1)));
      CHECK(put(Village::marks(g, slot_, marks), end) == "");
    }
    for (const Transaction& tx : state_.due(end))
      REQUIRE(state_.apply(tx, leaf_of(tx), SignatureIs::unchecked, end));
    ++slot_;
    CHECK(state_.broken_invariant() == "");
    const Statement& s = state_.last_closed()->settlement.statements.front();
    return std::string(name_of(s.standing)) + " " + std::to_string(s.exported.value) + "/" +
           std::to_string(s.minted.value);
  }

 private:
  Ed25519Verifier verifier_;
  Hash id_;
  MarketState state_;
  std::uint32_t slot_ = 0;
  std::map<std::uint32_t, Hash> last_;
};

}  // namespace

TEST_CASE("energy of a meter without a certificate mints nothing, then or later") {
  Asked a;
  CHECK(a.put(certificates({certificate(1, 1, 3)})) == "");
  CHECK(a.next() == "uncertified 60/0");
  CHECK(a.next() == "metered 60/60");
  CHECK(a.next() == "metered 60/60");
  CHECK(a.next() == "uncertified 60/0");
  // What lies over slots needs one for all of them.
  CHECK(a.next(false) == "unmarked 0/0");
  CHECK(a.put(certificates({certificate(1, 5, 9, 2)})) == "");
  CHECK(a.next() == "uncertified 120/0");
  CHECK(a.next() == "metered 60/60");
  CHECK(a.next(false) == "unmarked 0/0");
  CHECK(a.next() == "spanning 120/120");
  // Of another device it is no use.
  MeterCertificate other = certificate(1, 9, 99, 3);
  other.meter_key = signer_of("meter 2").public_key();
  CHECK(a.put(certificates({other})) == "");
  CHECK(a.next() == "uncertified 60/0");
}

TEST_CASE("a device keeps its certificate over a key change, and loses it to the next device") {
  KeyLine line(signer_of("meter 1").public_key());
  line.change({signer_of("changed").public_key(), {3}});
  line.change({signer_of("next").public_key(), {5}}, true);
  line.change({signer_of("next changed").public_key(), {7}});
  const auto held = [&](std::uint32_t slot) {
    std::string out;
    for (const char* name : {"meter 1", "changed", "next", "next changed"})
      out += line.of_device({slot}, signer_of(name).public_key()) ? '1' : '0';
    return out;
  };
  CHECK(held(2) == "1000");
  CHECK(held(4) == "1100");
  CHECK(held(6) == "0010");
  CHECK(held(9) == "0011");
  CHECK(line.before({3}) == signer_of("meter 1").public_key());
  CHECK(!line.before({4}));
  CHECK(line.changes_from({7}));
  CHECK(!line.changes_from({8}));
  CHECK(line.holds_from({4}, signer_of("next").public_key()));
  CHECK(!line.holds_from({5}, signer_of("changed").public_key()));
}

TEST_CASE("the state tree holds what later execution depends on") {
  Slots s;
  const auto root = [&] { return s.v.state().commit(); };
  Hash before = root();
  for (const Transaction& tx :
       {meter_key(2), account_key(2), gateway_key(2), leaving(2, 3), gateway(2, 3),
        withdrawal(1, 4), certificates({certificate(3, 0, 2)})}) {
    REQUIRE(s.now(tx) == "");
    const Hash after = root();
    CHECK(after != before);
    CHECK(root() == after);
    before = after;
  }
  const std::size_t most = s.v.state().tree().size();
  for (int i = 1; i <= 4; ++i) s.close_at(i * 120'000 + 30'000);
  root();
  CHECK(s.v.state().tree().size() < most);  // what acted, and the certificate, are gone
}
