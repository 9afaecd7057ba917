// Findings about feeders: which the state awaits, which it refuses, and R8 (market/audit/feeders).

#include <doctest/doctest.h>

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
