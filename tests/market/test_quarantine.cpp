// What becomes of quarantined energy: rulings, and that every invariant is watched over them.

#include <doctest/doctest.h>

#include "market/audit/invariants.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

// Home 3 is quarantined in slot 0 and good in slot 1, which settles 40 Wh in and 600 Wh out.
class Quarantined {
 public:
  Quarantined() {
    take(Village::registration(0, {1, 2}), 0);
    take(Village::registration(1, {3, 4}), 0);
    village.batches_until(1, 8);
    take(marks(0, 30'000, 500'500, true), 120'000);
    close(150'000);
    take(marks(1, 40'000, 600'500), 240'000);
    close(270'000);
  }

  static Transaction marks(std::uint32_t slot, std::int64_t in, std::int64_t out,
                           bool quarantined = false) {
    return Village::marks(1, slot, {Village::mark(3, slot, in, out, quarantined)});
  }
  static Ruling ruling(Outcome outcome, std::uint32_t slot = 2) {
    return Village::ruling(3, slot, 1, outcome, 40, 600);
  }
  void take(const Transaction& tx, std::int64_t time_ms) {
    const std::string why = village.refusal(tx, time_ms);
    REQUIRE_MESSAGE(why.empty(), why);
    block.push_back(tx);
  }
  void close(std::int64_t time_ms) {
    for (const Transaction& tx : village.state().due(time_ms)) take(tx, time_ms);
    CHECK(watched() == "");
  }
  // As R5 does, after a block of what was taken since the last one.
  std::string watched() { return watch.broken_by(std::exchange(block, {}), village.state()); }
  // Slot 2, with a ruling that acts in it.
  void decide(const Ruling& r) {
    take(Village::rulings(2, {r}), 300'000);
    take(marks(2, 40'000, 600'500), 360'000);
    close(390'000);
  }
  const Statement& statement() { return village.state().last_closed()->settlement.statements[2]; }
  WattHours minted() { return village.state().tokens().totals().minted; }

  Village village;
  InvariantWatch watch;
  std::vector<Transaction> block;
};

}  // namespace

TEST_CASE("released energy is minted, of the slot that settled it, and moves no money") {
  Quarantined q;
  CHECK(q.minted() == WattHours{});
  CHECK(q.statement().standing == Standing::recovering);
  const MicroEuros before = q.village.state().journal().balance(account(3));
  CHECK(q.village.state().undecided().size() == 1);
  q.decide(Quarantined::ruling(Outcome::release));
  CHECK(q.minted() == WattHours{600});
  CHECK(q.village.state().tokens().held(retailer, {1}) == WattHours{600});
  CHECK(q.village.state().journal().balance(account(3)) == before);
  CHECK(q.statement().balance == before);
  CHECK(q.village.state().undecided().empty());
  CHECK(q.village.state().broken_invariant().empty());
}

TEST_CASE("a replacement bills the difference with the retailer and mints nothing") {
  for (const auto& [in, out] : {std::pair{100, 500}, {0, 0}, {40, 600}, {0, 1400}}) {
    CAPTURE(in);
    Quarantined q;
    const MicroEuros before = q.village.state().journal().balance(account(3));
    Ruling r = Quarantined::ruling(Outcome::replacement);
    r.import_in_place = {in};
    r.export_in_place = {out};
    q.decide(r);
    // 0.30 EUR a kWh more or less in, 0.08 more or less out.
    const MicroEuros pays{300 * (in - 40) - 80 * (out - 600)};
    CHECK(q.village.state().journal().balance(account(3)) == before - pays);
    CHECK(q.statement().balance == before - pays);  // which the statement of its slot shows
    CHECK(q.statement().total == MicroEuros{});
    CHECK(q.minted() == WattHours{});
    CHECK(q.village.state().undecided().empty());
  }
}

TEST_CASE("a rejection changes nothing and closes the case") {
  Quarantined q;
  const MicroEuros before = q.village.state().journal().balance(account(3));
  q.decide(Quarantined::ruling(Outcome::rejection));
  CHECK(q.minted() == WattHours{});
  CHECK(q.village.state().journal().balance(account(3)) == before);
  CHECK(q.village.state().undecided().empty());
  CHECK(
      q.village.refusal(Village::rulings(3, {Quarantined::ruling(Outcome::release, 3)}), 400'000) ==
      "ruling on a case that there is not, or that is decided already");
}

TEST_CASE("rulings that are refused") {
  Quarantined q;
  const auto why = [&](const Ruling& r, const std::string& signer = "registrar") {
    return q.village.refusal(Village::rulings(2, {r}, signer), 300'000);
  };
  const auto bent = [](auto bend) {
    Ruling r = Quarantined::ruling(Outcome::release);
    bend(r);
    return r;
  };
  const Ruling good = Quarantined::ruling(Outcome::release);
  CHECK(why(good, "oracle") == "is not signed by the registrar");
  CHECK(why(good, "account 3") == "is not signed by the registrar");
  CHECK(why(bent([](Ruling& r) { r.meter = {77}; })) == "ruling on an unknown meter");
  CHECK(why(bent([](Ruling& r) { r.account = account(2); })) ==
        "ruling on a meter that is not the account's");
  CHECK(why(bent([](Ruling& r) { r.slot = {3}; })) == "ruling that acts in another slot");
  CHECK(why(bent([](Ruling& r) { r.settled = {2}; })) ==
        "ruling on energy that is not settled yet");
  const char* no_case = "ruling on a case that there is not, or that is decided already";
  CHECK(why(bent([](Ruling& r) { r.settled = {0}; })) == no_case);
  CHECK(why(bent([](Ruling& r) {
          r.meter = {2};
          r.account = account(2);
        })) == no_case);
  CHECK(why(bent([](Ruling& r) { r.exported = {601}; })) ==
        "ruling on other energies than were settled");
  CHECK(why(bent([](Ruling& r) { r.imported = {39}; })) ==
        "ruling on other energies than were settled");
  // Two slots of two minutes at 43 kW.
  const auto replaced = [&](std::int64_t wh) {
    return bent([&](Ruling& r) {
      r.outcome = Outcome::replacement;
      r.export_in_place = {wh};
    });
  };
  CHECK(why(replaced(2867)) == "replacement above what the connection lets through");
  CHECK(why(bent([](Ruling& r) { r.export_in_place = {1}; })) ==
        "ruling is not in its canonical form");
  CHECK(q.village.refusal(Village::rulings(2, {}), 300'000) == "rulings do not fit their count");
  CHECK(q.village.refusal(Village::rulings(2, {good, good}), 300'000) == "two rulings of one case");
  CHECK(q.village.refusal(Village::rulings(1, {good}), 300'000) ==
        "ruling that acts in a slot that is closed");
  CHECK(q.village.refusal(Village::rulings(1003, {good}), 300'000) ==
        "ruling that acts in a slot too far ahead");
  // Twice: while the first one waits for its slot, and later.
  CHECK(why(good) == "");
  CHECK(why(good) == "the case is decided already");
  CHECK(q.village.refusal(Village::rulings(3, {Quarantined::ruling(Outcome::rejection, 3)}),
                          300'000) == "the case is decided already");
  CHECK(q.village.state().undecided().empty());
}

TEST_CASE("a ruling that waits for its energy to be settled may hold later") {
  Quarantined q;
  const auto applied = q.village.state().apply(
      Village::rulings(2, {Village::ruling(3, 2, 2, Outcome::release, 0, 0)}), {},
      SignatureIs::unchecked, 300'000);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().may_hold_later);
}

TEST_CASE("rulings are content: their place in a block is not, the slot that they act in is") {
  Quarantined a, b, c;
  for (Quarantined* q : {&a, &b, &c})
    CHECK(q->village.state().content_root() == a.village.state().content_root());
  a.decide(Quarantined::ruling(Outcome::release));
  b.take(Quarantined::marks(2, 40'000, 600'500), 360'000);
  b.take(Village::rulings(2, {Quarantined::ruling(Outcome::release)}), 360'000);
  b.close(390'000);
  c.decide(Quarantined::ruling(Outcome::rejection));
  CHECK(a.village.state().content_root() == b.village.state().content_root());
  CHECK(a.village.state().commit() == b.village.state().commit());
  CHECK(a.village.state().content_root() != c.village.state().content_root());
  CHECK(a.village.state().commit() != c.village.state().commit());
}

TEST_CASE("R5: what a ruling must not have moved is found") {
  const auto told = [](Outcome outcome, auto bend) {
    Quarantined q;
    q.take(Village::rulings(2, {Quarantined::ruling(outcome)}), 300'000);
    q.take(Quarantined::marks(2, 40'000, 600'500), 360'000);
    for (const Transaction& tx : q.village.state().due(390'000)) q.take(tx, 390'000);
    for (Transaction& tx : q.block) {
      if (tx.kind != TransactionKind::ruling) continue;
      Ruling r = *decode_ruling(tx.openings[0].data);
      bend(r, q.block);
      tx.openings[0].data = encode(r);
      break;
    }
    return q.watched();
  };
  const auto has = [](const std::string& text, const char* words) {
    CAPTURE(text);
    CHECK(text.find(words) != std::string::npos);
  };
  for (const Outcome outcome : {Outcome::release, Outcome::replacement, Outcome::rejection})
    CHECK(told(outcome, [](Ruling&, auto&) {}) == "");
  const char* nothing = "no statement settled this energy, or it is decided already";
  has(told(Outcome::release, [](Ruling& r, auto&) { r.settled = {0}; }), nothing);
  has(told(Outcome::release, [](Ruling& r, auto&) { r.exported = {601}; }), nothing);
  has(told(Outcome::release, [](Ruling& r, auto&) { r.outcome = Outcome::rejection; }),
      "minted Wh of its vintage: 600, allowed 0");
  has(told(Outcome::rejection, [](Ruling& r, auto&) { r.outcome = Outcome::release; }),
      "Wh apart between statements and tokens: 1200, allowed 0");
  has(told(Outcome::rejection, [](Ruling& r, auto&) { r.outcome = Outcome::replacement; }),
      "its balance is not the deposit less what was billed");
  has(told(Outcome::replacement, [](Ruling& r, auto&) { r.import_in_place = {1}; }),
      "its balance is not the deposit less what was billed");
  // The same case a second time, as a state that forgot to close it would take it.
  has(told(Outcome::release,
           [](Ruling& r, auto& block) { block.insert(block.begin(), Village::rulings(2, {r})); }),
      nothing);
}
