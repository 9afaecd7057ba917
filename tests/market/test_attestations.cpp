// Attestation in the state: what a slot waits for, what is refused, and what is not attested mints
// nothing; and medians of several oracles' findings.

#include <doctest/doctest.h>

#include "ledger/oracle/feeder_median.hpp"
#include "market/audit/attestation_audit.hpp"
#include "market/audit/feeder_audit.hpp"
#include "market/audit/slot_due.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

constexpr std::int64_t slot_ms = 120'000, grace_ms = 30'000;

// Four oracles, of which three attest; homes 1 and 2 behind gateway 0, home 3 behind gateway 1.
class Bench {
 public:
  Bench() { village.register_all(); }

  std::string why(const Transaction& tx, std::int64_t time_ms) {
    const std::string refused = village.refusal(tx, time_ms);
    if (refused.empty()) log.entries.push_back(tx.entry());
    return refused;
  }
  // Batches to the end of the slot, and its marks: home 1 has exported `wh` by then.
  void post(std::uint32_t slot, std::int64_t wh, bool quarantined = false) {
    for (const std::uint32_t g : {0u, 1u}) {
      for (std::uint32_t epoch = 2 * slot + 1; epoch <= 2 * slot + 2; ++epoch)
        put(g, Village::batch(g, epoch, last[g]), epoch * 60'000);
      std::vector<Mark> marks;
      if (g == 0) marks = {Village::mark(1, slot, 0, 500 + 1000 * wh, quarantined)};
      put(g, Village::marks(g, slot, marks), (slot + 1) * slot_ms);
    }
  }
  void put(std::uint32_t g, const Transaction& tx, std::int64_t time_ms) {
    REQUIRE(why(tx, time_ms) == "");
    if (tx.kind == TransactionKind::batch) last[g] = sha256(tx.entry());
    waiting.push_back(*attested_entry(tx));
  }
  void attest_all(std::int64_t time_ms) {
    for (const AttestedEntry& what : std::exchange(waiting, {}))
      REQUIRE(why(attestation(what), time_ms) == "");
  }
  static Transaction attestation(const AttestedEntry& what,
                                 const std::vector<std::uint32_t>& by = {0, 1, 3}) {
    return Village::attestation(what, by, "gateway " + std::to_string(what.gateway.value));
  }
  // Of home 1 in the slot closed last.
  const Statement& bill() {
    const auto& all = village.state().last_closed()->settlement.statements;
    return *std::find_if(all.begin(), all.end(),
                         [](const Statement& s) { return s.meter == MeterId{1}; });
  }

  WithOracles oracles{{4, 3}};
  Village village;
  PublicLog log{village_genesis(), {}, {}, {}, {}, {}, {}, {}, {}, {}};
  std::map<std::uint32_t, Hash> last;
  std::vector<AttestedEntry> waiting;
};

}  // namespace

TEST_CASE("genesis says how many oracles attest, of those that it has, and nothing where none") {
  const auto with = [](std::uint32_t oracles, std::uint32_t attesters) {
    const WithOracles wanted({oracles, attesters});
    return encode(village_genesis());
  };
  CHECK(with(4, 0).find("attesters") == std::string::npos);
  REQUIRE(decode_genesis(with(4, 4)));
  CHECK(decode_genesis(with(4, 3))->attesters == 3);
  const char* wrong = "attesters are not 1 to as many as there are oracles";
  CHECK(decode_genesis(with(4, 5)).error() == wrong);
  for (const char* number : {"0", "-1", "256", "4294967297"}) {
    std::string text = with(4, 3);
    text.replace(text.find("\"attesters\":3") + 12, 1, number);
    CHECK(decode_genesis(text).error() == wrong);
  }
}

TEST_CASE("whether a slot is due without its attestations follows from the public log, too") {
  Bench b;
  const auto due = [&](std::int64_t time_ms) {
    const bool is = !b.village.state().due(time_ms).empty();
    CHECK(is_slot_due(b.log, time_ms) == is);
    return is;
  };
  b.post(0, 100);
  CHECK(!due(slot_ms));
  const auto last_one = b.waiting.back();
  b.waiting.pop_back();
  b.attest_all(slot_ms);
  CHECK(!due(slot_ms));
  CHECK(due(slot_ms + grace_ms));
  b.waiting = {last_one};
  b.attest_all(slot_ms);
  CHECK(due(slot_ms));
}

TEST_CASE("a slot closes once all that counts in it is attested, and mints") {
  Bench b;
  b.post(0, 900);
  CHECK(b.village.close(slot_ms) == 0);
  const AttestedEntry last = b.waiting.back();
  b.waiting.pop_back();
  b.attest_all(slot_ms);
  CHECK(b.village.close(slot_ms) == 0);
  REQUIRE(b.why(Bench::attestation(last), slot_ms) == "");
  CHECK(b.village.close(slot_ms) == 1);
  CHECK(b.bill().standing == Standing::metered);
  CHECK(b.bill().minted == WattHours{900});
  CHECK(b.village.state().broken_invariant() == "");
}

TEST_CASE(
    "a gateway's slot that is not attested in time mints nothing, and settles as quarantined") {
  Bench b;
  b.post(0, 900);
  // All but one of gateway 0's batches.
  const AttestedEntry missing = b.waiting.front();
  b.waiting.erase(b.waiting.begin());
  b.attest_all(slot_ms);
  CHECK(b.village.close(slot_ms + grace_ms - 1) == 0);
  CHECK(b.village.close(slot_ms + grace_ms) == 1);
  CHECK(b.bill().standing == Standing::unattested);
  CHECK(b.bill().exported == WattHours{});
  CHECK(b.bill().minted == WattHours{});
  CHECK(b.why(Bench::attestation(missing), slot_ms + grace_ms) ==
        "attestation of what is attested already, or of a slot that is closed");
  b.post(1, 1500);
  b.attest_all(2 * slot_ms);
  CHECK(b.village.close(2 * slot_ms) == 1);
  CHECK(b.bill().standing == Standing::recovering);
  CHECK(b.bill().exported == WattHours{1500});
  CHECK(b.bill().minted == WattHours{});
  CHECK(b.village.state().undecided().size() == 1);
  b.post(2, 1600);
  b.attest_all(3 * slot_ms);
  CHECK(b.village.close(3 * slot_ms) == 1);
  CHECK(b.bill().standing == Standing::metered);
  CHECK(b.bill().minted == WattHours{100});
  CHECK(b.village.state().tokens().totals().minted == WattHours{100});
  CHECK(b.village.state().broken_invariant() == "");
}

TEST_CASE("marks that are not attested are worth nothing, nor is a silent meter's next one") {
  for (const bool marked : {true, false}) {
    Bench b;
    if (marked) {
      b.post(0, 900);
      std::erase_if(b.waiting, [](const AttestedEntry& w) {
        return w.kind == TransactionKind::marks && w.gateway == GatewayId{0};
      });
      b.attest_all(slot_ms);
    } else {
      // Batches that nobody attests, and no mark: what comes later holds their energy too.
      b.put(0, Village::batch(0, 1, {}), 60'000);
      b.put(0, Village::batch(0, 2, b.last[0]), slot_ms);
      b.put(0, Village::marks(0, 0, {}), slot_ms);
      for (const std::uint32_t epoch : {1u, 2u})
        b.put(1, Village::batch(1, epoch, b.last[1]), epoch * 60'000);
      b.waiting.clear();
    }
    CHECK(b.village.close(slot_ms + grace_ms) == 1);
    CHECK(b.bill().standing == (marked ? Standing::unattested : Standing::unmarked));
    b.post(1, 1500);
    b.attest_all(2 * slot_ms);
    CHECK(b.village.close(2 * slot_ms + grace_ms) == 1);
    CHECK(b.bill().standing == Standing::recovering);
    CHECK(b.bill().minted == WattHours{});
  }
}

TEST_CASE("only what is not attested is worth nothing: another gateway's homes trade and mint") {
  Bench b;
  b.post(0, 900);
  std::erase_if(b.waiting, [](const AttestedEntry& w) { return w.gateway == GatewayId{1}; });
  b.attest_all(slot_ms);
  CHECK(b.village.close(slot_ms + grace_ms) == 1);
  CHECK(b.bill().standing == Standing::metered);
  CHECK(b.bill().minted == WattHours{900});
}

TEST_CASE("attestations that are refused") {
  Bench b;
  b.post(0, 900);
  const AttestedEntry batch = b.waiting[0];
  REQUIRE(batch.kind == TransactionKind::batch);
  const auto bent = [&](const std::function<void(Attestation&)>& bend,
                        const std::vector<std::uint32_t>& by = {0, 1, 3}) {
    const Transaction good = Bench::attestation(batch, by);
    Attestation a = *decode_attestation(good.body);
    bend(a);
    return b.why(Village::sealed(TransactionKind::attestation, a, {}, "gateway 0"), slot_ms);
  };
  CHECK(bent([](auto& a) { a.by.pop_back(); }) == "attestation by 2 oracles; 3 are needed");
  CHECK(bent([](auto& a) { std::swap(a.by[0].signature, a.by[1].signature); }) ==
        "attestation that oracle 0 did not sign");
  CHECK(bent([](auto& a) { a.by[2].signature[9] ^= 1; }) ==
        "attestation that oracle 3 did not sign");
  CHECK(bent([](auto& a) { a.by[2].oracle = 4; }) == "attestation by an unknown oracle");
  const char* form = "attestation is not in its canonical form";
  CHECK(bent([](auto& a) { std::swap(a.by[0], a.by[1]); }) == form);
  CHECK(bent([](auto& a) { a.by[1] = a.by[0]; }) == form);
  CHECK(bent([](auto& a) { a.by.clear(); }) == form);
  CHECK(bent([](auto& a) { a.what.kind = TransactionKind::order; }) == form);
  CHECK(bent([](auto& a) { a.what.entry[0] ^= 1; }) ==
        "attestation of another entry than the ledger's");
  CHECK(bent([](auto& a) { a.what.gateway = {2}; }) == "is of an unknown gateway");
  CHECK(bent([](auto& a) { a.what.gateway = {1}; }) == "is not signed by its gateway");
  CHECK(bent([](auto& a) { a.what.number = 3; }) == "attestation before what it attests");
  CHECK(bent([](auto& a) { a.what.kind = TransactionKind::marks; }) ==
        "attestation before what it attests");
  CHECK(b.why(Village::attestation(batch, {0, 1, 3}, "gateway 1"), slot_ms) ==
        "is not signed by its gateway");
  Transaction more = Bench::attestation(batch);
  more.body.push_back(0);
  CHECK(b.why(more, slot_ms) == form);
  CHECK(!b.village.state().beyond(Bench::attestation(batch)));
  CHECK(bent([](auto&) {}, {0, 1, 2, 3}) == "");
  CHECK(bent([](auto&) {}) ==
        "attestation of what is attested already, or of a slot that is closed");
  CHECK(b.village.state().beyond(Bench::attestation(batch)));
  Village without;
  without.register_all();
  CHECK(!without.refusal(Bench::attestation(batch), slot_ms).empty());
}

TEST_CASE("a ledger without attesters takes no attestation") {
  Village village;
  village.register_all();
  village.batches_until(0, 1);
  const AttestedEntry what = *attested_entry(Village::batch(0, 1, {}));
  CHECK(village.refusal(Village::attestation(what, {0}), 60'000) ==
        "attestation on a ledger that wants none");
}

TEST_CASE("what is to be attested yet stands in the state tree") {
  Bench b;
  b.put(0, Village::batch(0, 1, {}), 60'000);
  const Hash awaiting = b.village.state().commit();
  const auto leaves = b.village.state().tree().leaves().size();
  b.attest_all(60'000);
  CHECK(b.village.state().commit() != awaiting);
  CHECK(b.village.state().tree().leaves().size() == leaves - 1);
}

TEST_CASE("attestations on a public log are checked without trust in anybody") {
  const WithOracles oracles({4, 3});
  Ed25519Verifier verifier;
  PublicLog log;
  log.genesis = village_genesis();
  log.chain_id = chain_id_of(log.genesis);
  const Transaction first = Village::batch(0, 1, {}), second = Village::batch(1, 1, {});
  log.entries = {first.entry(), second.entry(), Bench::attestation(*attested_entry(first)).entry()};
  const auto checked = check_attestations(log, verifier);
  REQUIRE(checked);
  CHECK(checked->attested == 1);
  CHECK(checked->unattested == 1);
  CHECK(who_attested(log, *attested_entry(first)) == "; attested by oracles 0, 1, 3");
  CHECK(who_attested(log, *attested_entry(second)) == "");
  const auto fails = [&](const Transaction& tx) {
    PublicLog worse = log;
    worse.entries.push_back(tx.entry());
    const auto ok = check_attestations(worse, verifier);
    return ok ? std::string() : ok.error();
  };
  CHECK(fails(Bench::attestation(*attested_entry(first))) ==
        "entry 3: attestation of what does not stand before it, or was attested already");
  CHECK(fails(Bench::attestation(*attested_entry(Village::batch(0, 2, {})))) ==
        "entry 3: attestation of what does not stand before it, or was attested already");
  CHECK(fails(Bench::attestation(*attested_entry(second), {0, 2})) ==
        "entry 3: attestation by 2 oracles; 3 are needed");
  Transaction forged = Bench::attestation(*attested_entry(second));
  forged.body[42 + 2 + 5] ^= 1;
  CHECK(fails(forged) == "entry 3: attestation that oracle 0 did not sign");
}

namespace {

// Home 1 and the feeder meter, and what oracles find of slot 0.
class Findings {
 public:
  explicit Findings(std::uint32_t oracles) : guard({oracles, 0}) {
    village.register_all();
    for (const std::uint32_t g : {0u, 1u}) village.batches_until(g, 2);
    REQUIRE(village.refusal(Village::marks(0, 0, {Village::mark(1, 0, 0, 90'500)}), slot_ms) == "");
    REQUIRE(village.refusal(Village::marks(1, 0, {Village::mark(4, 0, 0, 80'500)}), slot_ms) == "");
    village.close(slot_ms + grace_ms);
  }
  std::string find(std::uint32_t oracle, std::int64_t losses_mwh, std::int64_t sigma = 1000) {
    FeederFindings f = Village::found_of(village.state().last_closed()->feeders.at(0));
    f.losses = {losses_mwh};
    f.meters_sigma = {sigma};
    return village.refusal(Village::findings(0, {*complete(f)}, name_of_oracle(oracle), oracle),
                           slot_ms + grace_ms);
  }
  std::vector<FeederVerdict> verdicts() {
    village.state().commit();
    return village.state().verdicts();
  }

  WithOracles guard;
  Village village;
};

}  // namespace

TEST_CASE("of several oracles' findings the median counts, once there are more than two a liar") {
  Findings f(4);
  CHECK(f.find(3, 900'000) == "");
  CHECK(f.find(3, 10'000) == "findings of a feeder that has them already, or none to await");
  CHECK(f.find(0, 10'000) == "");
  CHECK(f.verdicts().empty());
  CHECK(f.find(1, 10'600) == "");
  const auto verdicts = f.verdicts();
  REQUIRE(verdicts.size() == 1);
  REQUIRE(verdicts[0].median);
  CHECK(verdicts[0].median->losses == MilliWattHours{10'600});
  CHECK(verdicts[0].apart == std::vector<std::uint32_t>{3});
  CHECK(f.verdicts().empty());
  CHECK(f.find(2, 700'000) == "");  // late, and apart
  const auto late = f.verdicts();
  REQUIRE(late.size() == 1);
  CHECK(!late[0].median);
  CHECK(late[0].apart == std::vector<std::uint32_t>{2});
  CHECK(f.find(2, 10'000) == "findings of a feeder that has them already, or none to await");
}

TEST_CASE("where one of three oracles is silent the median is told when patience ends") {
  for (const bool two : {true, false}) {
    Findings f(3);
    REQUIRE(f.find(0, 10'000) == "");
    if (two) REQUIRE(f.find(1, 11'000) == "");
    for (std::uint32_t s = 1; s <= findings_patience; ++s)
      f.village.close((s + 1) * slot_ms + grace_ms);
    CHECK(f.verdicts().empty());
    f.village.close((findings_patience + 2) * slot_ms + grace_ms);
    const auto verdicts = f.verdicts();
    REQUIRE(verdicts.size() == (two ? 1 : 0));
    if (two) CHECK(verdicts[0].median->losses == MilliWattHours{10'500});
  }
}

TEST_CASE("R8 takes the median of several oracles, and none that too few found") {
  const WithOracles oracles({4, 0});
  PublicLog log;
  log.genesis = village_genesis();
  Openings openings;
  const auto add = [&](const Transaction& tx) {
    for (std::uint16_t i = 0; i < tx.openings.size(); ++i)
      openings.restricted[log.entries.size()].emplace(i, tx.openings[i]);
    log.entries.push_back(tx.entry());
  };
  add(Village::registration(1, {4}));
  // Homes that exported 5 kWh of which the feeder meter saw one: an oracle invents losses for it.
  const auto find = [&](std::uint32_t oracle, std::int64_t losses_mwh) {
    FeederFindings f;
    f.slot = {0};
    f.homes_export = {5'000'000};
    f.feeder_export = {1'000'000};
    f.meters_sigma = {100'000};
    f.losses = {losses_mwh};
    add(Village::findings(0, {*complete(f)}, name_of_oracle(oracle), oracle));
  };
  find(1, 5'000'000);
  find(0, 0);
  REQUIRE(check_feeders(log, openings));
  CHECK(check_feeders(log, openings)->slots == 0);
  find(2, 0);
  const auto checked = check_feeders(log, openings);
  REQUIRE(!checked);
  CHECK(checked.error().find("slot 0: its homes' export against its meter") != std::string::npos);
}

TEST_CASE("one lying feeder meter among three does not pull what counts, and is named") {
  const auto energy = [](std::uint32_t id, std::int64_t imported, std::int64_t exported,
                         bool quarantined = false) {
    return PointEnergy{{id}, {imported}, {exported}, 0, quarantined};
  };
  const auto all = witnessed(
      {energy(7, 1000, 70'000), energy(8, 0, 500'000), energy(9, 1100, 70'100)}, {7}, 3, slot_ms);
  CHECK(all.energy.import_energy == MilliWattHours{1000});
  CHECK(all.energy.export_energy == MilliWattHours{70'100});
  CHECK(!all.energy.quarantined);
  CHECK(all.apart == std::vector<MeterId>{{8}});
  // One is silent: the other two are the most that are honest. Of one alone nothing counts.
  const auto two = witnessed({energy(8, 1000, 70'000), energy(9, 1100, 70'100)}, {7}, 3, slot_ms);
  CHECK(two.energy.meter == MeterId{7});
  CHECK(two.energy.export_energy == MilliWattHours{70'050});
  CHECK(two.apart.empty());
  CHECK(witnessed({energy(8, 1000, 70'000)}, {7}, 3, slot_ms).energy.quarantined);
  CHECK(witnessed({energy(7, 1, 2), energy(8, 1, 2, true), energy(9, 1, 2, true)}, {7}, 3, slot_ms)
            .energy.quarantined);
  CHECK(witnessed({energy(7, 5, 6)}, {7}, 1, slot_ms).energy.import_energy == MilliWattHours{5});
}
