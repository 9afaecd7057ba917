// Findings about feeders: which the state awaits, which it refuses, and R8 (market/audit/feeders).

#include <doctest/doctest.h>

#include "market/audit/feeder_audit.hpp"
#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

// Homes 1 to 3 behind the feeder meter 4. In slot 0 home 2 is quarantined and home 3 silent.
class Feeder {
 public:
  Feeder() {
    village.register_all();
    for (const std::uint32_t g : {0u, 1u}) village.batches_until(g, 2);
    REQUIRE(village
                .refusal(Village::marks(0, 0,
                                        {Village::mark(1, 0, 30'400, 90'500),
                                         Village::mark(2, 0, 10'000, 500, true)}),
                         120'000)
                .empty());
    REQUIRE(village.refusal(Village::marks(1, 0, {Village::mark(4, 0, 15'000, 70'500)}), 120'000)
                .empty());
    village.close(150'000);
  }
  const FeederSlot& slot() { return village.state().last_closed()->feeders.at(0); }
  std::string why(const Transaction& tx) { return village.refusal(tx, 160'000); }

  Village village;
};

FeederFindings bent(FeederFindings f, const std::function<void(FeederFindings&)>& bend) {
  bend(f);
  return f;
}

}  // namespace

TEST_CASE("what the marks of a slot say of their feeder") {
  Feeder f;
  const FeederSlot& slot = f.slot();
  CHECK(slot.slot_ms == 120'000);
  CHECK(slot.feeder_meter.meter == MeterId{4});
  CHECK(slot.feeder_meter.import_energy == MilliWattHours{15'000});
  CHECK(slot.feeder_meter.export_energy == MilliWattHours{70'000});
  REQUIRE(slot.homes.size() == 2);
  CHECK(slot.homes[0].import_energy == MilliWattHours{30'400});
  CHECK(slot.homes[0].export_energy == MilliWattHours{90'000});
  CHECK(slot.homes[1].quarantined);
  const FeederSums sums = sums_of(slot);
  CHECK(sums.homes_import == MilliWattHours{30'400});
  CHECK(sums.homes_export == MilliWattHours{90'000});
}

TEST_CASE("a feeder without a mark of its meter's own slot awaits no findings") {
  Feeder f;
  const FeederFindings first = Village::found_of(f.slot());
  f.village.batches_until(1, 4);
  // No mark in slot 1; in slot 2 one over two slots, which is no balance of either.
  f.village.close(270'000);
  CHECK(f.village.state().last_closed()->feeders.empty());
  f.village.batches_until(1, 6);
  REQUIRE(f.village.refusal(Village::marks(1, 2, {Village::mark(4, 2, 20'000, 80'500)}), 360'000)
              .empty());
  f.village.close(390'000);
  CHECK(f.slot().feeder_meter.quarantined);
  const auto moved = bent(first, [](FeederFindings& m) { m.slot = {2}; });
  CHECK(f.why(Village::findings(2, {moved})) ==
        "findings of a feeder that has them already, or none to await");
}

TEST_CASE("findings that are refused") {
  Feeder f;
  const FeederFindings good = Village::found_of(f.slot());
  const char* sums = "feeder findings: another energy of the homes";
  const auto of = [&](const std::function<void(FeederFindings&)>& bend) {
    return f.why(Village::findings(0, {bent(good, bend)}));
  };
  CHECK(f.why(Village::findings(0, {good}, "registrar")) == "is not signed by its oracle");
  CHECK(f.why(Village::findings(0, {good}, "oracle", 1)) == "is of an unknown oracle");
  CHECK(f.why(Village::findings(0, {good}, "oracle", 0, 3)) ==
        "findings that are not the feeder meter's account's");
  CHECK(f.why(Village::findings(0, {good}, "oracle", 0, 9)) == "findings of an unknown account");
  CHECK(f.why(Village::findings(0, {})) == "findings do not fit their count");
  CHECK(f.why(Village::findings(1, {good})) == "findings of a slot that is not settled");
  CHECK(f.why(Village::findings(0, {good, good})) == "two findings of one feeder");
  CHECK(of([](auto& m) { m.slot = {1}; }) == "findings of another slot");
  CHECK(of([](auto& m) { m.feeder = 1; }) ==
        "findings of a feeder that has them already, or none to await");
  CHECK(of([](auto& m) { m.homes_export.value -= 1; }) == sums);
  CHECK(of([](auto& m) { m.homes_import.value += 1; }) == sums);
  CHECK(of([](auto& m) { m.feeder_import.value += 1; }) ==
        "feeder findings: another energy at the feeder meter");
  const char* follows = "feeder findings: figures that do not follow from the others";
  CHECK(of([](auto& m) {
          m.verdict = 0;
          m.z += 1;
        }) == follows);
  CHECK(of([](auto& m) { m.verdict ^= bit(FeederRule::balance); }) == follows);
  CHECK(of([](auto& m) { m.losses.value += 5; }) == follows);
  CHECK(f.why(Village::findings(0, {good})) == "");
  CHECK(f.why(Village::findings(0, {good})) ==
        "findings of a feeder that has them already, or none to await");
}

TEST_CASE("findings are awaited through some slots and not for ever") {
  for (const std::uint32_t slots : {findings_patience, findings_patience + 1}) {
    Feeder f;
    const FeederFindings good = Village::found_of(f.slot());
    for (std::uint32_t s = 1; s <= slots; ++s) f.village.close((s + 1) * 120'000 + 30'000);
    const bool still = slots == findings_patience;
    CHECK((f.why(Village::findings(0, {good})) == "") == still);
  }
}

namespace {

// A log of what R8 reads, by itself.
class Written {
 public:
  Written() {
    add(Village::registration(0, {1, 2}));
    add(Village::registration(1, {3, 4}));
  }
  void add(const Transaction& tx) {
    for (std::uint16_t i = 0; i < tx.openings.size(); ++i)
      openings.restricted[log.entries.size()].emplace(i, tx.openings[i]);
    log.entries.push_back(tx.entry());
  }
  void bill(std::uint32_t meter, std::uint32_t slot, std::int64_t wh,
            Standing standing = Standing::metered, std::uint32_t since = UINT32_MAX) {
    Statement s;
    s.account = account(static_cast<std::uint8_t>(meter));
    s.meter = {meter};
    s.slot = {slot};
    s.since = {std::min(since, slot)};
    s.standing = standing;
    s.exported = {wh};
    s.minted = mints(standing) ? s.exported : WattHours{};
    Transaction tx;
    tx.kind = TransactionKind::statements;
    tx.openings = {{{}, encode(s)}};
    tx.root = openings_root(tx.openings);
    tx.body = encode(StatementsBody{{slot}, Village::gateway_of(meter), 1});
    add(tx);
  }
  // Of two homes; sigma of the meters 100 Wh, of losses none.
  void find(std::uint32_t slot, std::int64_t homes_wh, std::int64_t feeder_wh,
            std::int64_t imported_wh = 0) {
    FeederFindings f;
    f.slot = {slot};
    f.metered = 2;
    f.homes_export = {homes_wh * 1000};
    f.homes_import = {imported_wh * 1000};
    f.feeder_export = {feeder_wh * 1000};
    f.meters_sigma = {100'000};
    add(Village::findings(slot, {*complete(f)}));
  }
  void settle(std::uint32_t slot) {
    SettlementBody body;
    body.slot = {slot};
    Transaction tx;
    tx.kind = TransactionKind::settlement;
    tx.root = openings_root({});
    tx.body = encode(body);
    add(tx);
  }
  std::string fails() const {
    const auto checked = check_feeders(log, openings);
    return checked ? "" : checked.error();
  }
  FeedersChecked checked() const {
    const auto out = check_feeders(log, openings);
    REQUIRE_MESSAGE(out, (out ? "" : out.error()));
    return *out;
  }

  PublicLog log;
  Openings openings;
};

}  // namespace

TEST_CASE("R8 holds where homes' export is what the feeder's meter saw, within its margin") {
  Written w;
  w.bill(1, 0, 1000);
  w.bill(2, 0, 500);
  w.find(0, 1500, 1200);
  w.settle(0);
  CHECK(w.checked().slots == 1);
  CHECK(w.checked().exported == MilliWattHours{1'500'000});
  CHECK(w.checked().bound == MilliWattHours{1'500'000});
  CHECK(w.checked().unknown == "");
  w.bill(1, 1, 601);
  w.bill(2, 1, 401);
  w.find(1, 1000, 900);  // whole Wh of registers
  CHECK(w.fails() == "");
}

TEST_CASE("R8 fails on export that nobody's feeder meter saw") {
  Written w;
  w.bill(1, 0, 5000);
  w.find(0, 5000, 1000);
  CHECK(w.fails() ==
        "feeder 0, slot 0: its homes' export against its meter: 5000000 mWh, allowed 1600000 mWh");
  // What others draw below the meter may have come from there.
  Written drawn;
  drawn.bill(1, 0, 5000);
  drawn.find(0, 5000, 1000, 3700);
  CHECK(drawn.fails() == "");
}

TEST_CASE("R8 fails on less in each slot than one slot alone would show") {
  Written w;
  for (std::uint32_t slot = 0; slot < 4; ++slot) {
    w.bill(1, slot, 1400);
    w.find(slot, 1400, 1000);
  }
  CHECK(w.fails() == "feeder 0, minted in all slots: 5600000 mWh, allowed 5200000 mWh");
  Written once;
  once.bill(1, 0, 1400);
  once.find(0, 1400, 1000);
  once.find(1, 0, 0);
  CHECK(once.fails() == "");
}

TEST_CASE("R8 fails on tokens beside what the findings are about") {
  Written w;
  w.bill(1, 0, 1003);
  w.find(0, 1000, 1000);
  CHECK(w.fails() ==
        "feeder 0, slot 0: minted beside what its homes exported: 1003000 mWh, "
        "allowed 1002000 mWh");
}

TEST_CASE("R8 cannot be checked where findings are missing") {
  Written w;
  w.bill(1, 0, 1000);
  for (std::uint32_t slot = 0; slot <= findings_patience; ++slot) w.settle(slot);
  CHECK(w.checked().waiting == 1);
  CHECK(w.checked().unknown == "");
  w.settle(findings_patience + 1);
  CHECK(w.checked().unknown == "feeder 0 has no findings of slot 0");
  Written no_meter;
  no_meter.openings.restricted.erase(1);
  no_meter.log.entries.pop_back();
  no_meter.bill(1, 0, 1000);
  CHECK(no_meter.checked().unknown == "feeder 0 has no meter");
}

TEST_CASE("R8 counts energy that minted late, with the slots that it is of") {
  const auto with = [](Standing standing, std::int64_t wh, bool released, bool all_found = true) {
    Written w;
    w.bill(3, 1, wh, standing, 0);
    for (std::uint32_t slot = 0; slot < 2; ++slot) {
      w.bill(1, slot, 1000);
      if (slot == 1 || all_found) w.find(slot, 1000, 1500, 0);
      w.settle(slot);
    }
    if (released) w.add(Village::rulings(2, {Village::ruling(3, 2, 1, Outcome::release, 0, wh)}));
    w.settle(2);
    return w;
  };
  // Twice 500 Wh more than home 1 made passed the meter, with twice 3 sigma; the bound had home 3
  // draw the mean of the two that count, twice -500 Wh.
  CHECK(with(Standing::spanning, 2600, false).fails() == "");
  CHECK(with(Standing::spanning, 2601, false).fails() ==
        "feeder 0, minted in all slots: 4601000 mWh, allowed 4600000 mWh");
  CHECK(with(Standing::recovering, 2601, false).fails() == "");
  CHECK(with(Standing::recovering, 2601, true).fails() ==
        "feeder 0, minted in all slots: 4601000 mWh, allowed 4600000 mWh");
  CHECK(with(Standing::recovering, 2600, true).fails() == "");
  CHECK(with(Standing::spanning, 100, false, false).checked().unknown ==
        "feeder 0 has no findings of all slots that minted in slot 1");
}
