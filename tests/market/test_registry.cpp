#include <doctest/doctest.h>

#include "tests/market/village_support.hpp"

using namespace market_test;

namespace {

// Home 1 has imported 100 Wh and exported 60 Wh by the end of slot 0, which has closed; a gateway's
// batches have reached the end of slot 1.
class AfterOneSlot {
 public:
  explicit AfterOneSlot(Registration first = Village::registered(1)) {
    CHECK(
        v.refusal(Village::registration(0, std::vector{first, Village::registered(2)}), 0).empty());
    CHECK(v.refusal(Village::registration(1, {3, 4}), 0).empty());
    for (const std::uint32_t g : {0u, 1u}) v.batches_until(g, 2);
    mark(0, Village::mark(1, 0, first.import_register.value + 100'000, 60'500));
    CHECK(v.close(120'000) == 1);
    for (const std::uint32_t g : {0u, 1u}) v.batches_until(g, 4);
  }
  void mark(std::uint32_t slot, const Mark& m) {
    const std::int64_t end = (slot + 1) * 120'000;
    CHECK(v.refusal(Village::marks(0, slot, {m}), end) == "");
    CHECK(v.refusal(Village::marks(1, slot, {}), end) == "");
  }
  // Its settlement of slot 1, with this mark.
  Statement settled(const Mark& m) {
    mark(1, m);
    CHECK(v.close(240'000) == 1);
    CHECK(v.state().broken_invariant() == "");
    return v.state().last_closed()->settlement.statements.front();
  }
  std::string refusal(const MeterSwap& s, std::int64_t time_ms = 130'000) {
    return v.refusal(Village::papers(0, {s}), time_ms);
  }
  Village v;
};

constexpr std::array<std::int64_t, 4> good{110'000, 70'000, 5'000, 0};

}  // namespace

TEST_CASE("a meter that is swapped in a slot loses and makes no energy") {
  AfterOneSlot s;
  REQUIRE(s.refusal(Village::swap(1, 1, good)) == "");
  const Statement settled = s.settled(Village::mark(1, 1, 5'000 + 30'000, 20'000, false, true));
  CHECK(settled.standing == Standing::metered);
  CHECK(settled.imported.value == 10 + 30);
  CHECK(settled.exported.value == 10 + 20);
  CHECK(s.v.state().tokens().totals().minted.value == 60 + 30);
  CHECK(s.v.state().meters().at(1).registration.meter_key == signer_of("next meter").public_key());
}

TEST_CASE("a mark without papers, or papers without a mark's word, carry nothing") {
  AfterOneSlot told;
  const Mark lonely = Village::mark(1, 1, 35'000, 20'000, false, true);
  CHECK(told.v.refusal(Village::marks(0, 1, {lonely}), 240'000) ==
        "mark of a swapped meter before the swap's papers");
  CHECK(told.v.refusal(Village::marks(0, 1, {lonely}), 240'000 + 15'000) == "");
  CHECK(told.v.refusal(Village::marks(1, 1, {}), 240'000) == "");
  CHECK(told.v.close(270'000) == 1);
  CHECK(told.v.state().last_closed()->settlement.statements.front().standing ==
        Standing::unpapered);

  AfterOneSlot silent;
  REQUIRE(silent.refusal(Village::swap(1, 1, good)) == "");
  const Statement settled = silent.settled(Village::mark(1, 1, 35'000, 20'000));
  CHECK(settled.standing == Standing::unpapered);
  CHECK(settled.imported.value == 0);
  CHECK(settled.minted.value == 0);
}

TEST_CASE("a swap in a slot without a mark counts in the next one") {
  AfterOneSlot s;
  REQUIRE(s.refusal(Village::swap(1, 1, good)) == "");
  for (const std::uint32_t g : {0u, 1u}) {
    CHECK(s.v.refusal(Village::marks(g, 1, {}), 240'000) == "");
    s.v.batches_until(g, 6);
  }
  CHECK(s.v.close(240'000) == 1);
  s.mark(2, Village::mark(1, 2, 35'000, 20'000, false, true));
  CHECK(s.v.close(360'000) == 1);
  const Statement settled = s.v.state().last_closed()->settlement.statements.front();
  CHECK(settled.standing == Standing::spanning);
  CHECK(settled.imported.value == 40);
}

TEST_CASE("papers that are refused") {
  AfterOneSlot s;
  const auto changed = [&](auto change) {
    MeterSwap swap = Village::swap(1, 1, good);
    change(swap);
    return s.refusal(Village::sign(swap, "account 1"));
  };
  CHECK(changed([](MeterSwap& m) { m.closing_import = {99'000}; }) ==
        "swap closes the old meter below what is settled");
  CHECK(changed([](MeterSwap& m) { m.closing_export = {60'000}; }) ==
        "swap closes the old meter below what is settled");
  CHECK(changed([](MeterSwap& m) { m.closing_import = {110'001}; }) ==
        "meter swap is not in its canonical form");
  CHECK(changed([](MeterSwap& m) { m.meter = {9}; }) == "swap of an unknown meter");
  CHECK(changed([](MeterSwap& m) { m.meter = {3}; }) ==
        "swap of a meter that is not this gateway's");
  CHECK(changed([](MeterSwap& m) { m.account = account(2); }) ==
        "swap of a meter that is not this gateway's");
  CHECK(changed([](MeterSwap& m) { m.slot = {0}; }) ==
        "swap in a slot that is marked or closed already");
  CHECK(changed([](MeterSwap& m) { m.slot = {2}; }) == "swap in a slot that has not begun");
  CHECK(s.refusal(Village::sign(Village::swap(1, 1, good), "account 2")) ==
        "swap is not signed by the account");
  CHECK(s.v.refusal(Village::papers(0, {Village::swap(1, 1, good)}, "gateway 0"), 130'000) ==
        "is not signed by the metering operator");
  CHECK(s.v.refusal(Village::papers(0, {Village::swap(1, 1, good)}, "registrar"), 130'000) ==
        "is not signed by the metering operator");
  CHECK(s.v.refusal(Village::papers(0, {}), 130'000) == "meter swaps do not fit their count");
  CHECK(s.v.refusal(Village::papers(0, {Village::swap(1, 1, good), Village::swap(1, 1, good)}),
                    130'000) == "two swaps of one meter");
  const Hash before = s.v.state().commit();
  CHECK(s.v.state().commit() == before);
  REQUIRE(s.refusal(Village::swap(1, 1, good)) == "");
  CHECK(s.v.state().commit() != before);
  CHECK(s.refusal(Village::swap(1, 1, good)) ==
        "the meter was swapped in this slot or a later one already");
}

TEST_CASE("a device that would count at two points at a time is refused") {
  const auto registered = [](std::uint32_t meter, std::uint32_t first, std::uint32_t end) {
    Registration r = Village::registered(meter);
    r.meter_key = signer_of("one device").public_key();
    r.first_slot = {first};
    r.end_slot = {end};
    return r;
  };
  Village v;
  CHECK(v.refusal(Village::registration(0, {registered(1, 0, 9), registered(2, 8, 20)}), 0) ==
        "two meters with one key");
  CHECK(v.refusal(Village::registration(0, std::vector{registered(1, 0, 9)}), 0) == "");
  for (const std::uint32_t first : {0u, 8u})
    CHECK(v.refusal(Village::registration(1, std::vector{registered(3, first, 20)}), 0) ==
          "meter key is another meter's already");
  CHECK(v.refusal(Village::registration(1, std::vector{registered(3, 9, 20)}), 0) == "");

  AfterOneSlot s;
  MeterSwap twice = Village::swap(1, 1, good, "meter 2");
  CHECK(s.refusal(twice) == "the next meter's key is another meter's already");
  CHECK(s.v.refusal(Village::papers(
                        0, {Village::swap(1, 1, good), Village::swap(2, 1, {0, 1'000, 5'000, 0})}),
                    130'000) == "two meters with one key");
  CHECK(s.refusal(Village::swap(1, 1, good, "meter 1")) == "");  // the same one, seen to
}

TEST_CASE("registers that begin anew at their modulus count on; any other fall is a fall") {
  Registration r = Village::registered(1);
  r.modulus = {1'000'000};
  r.import_register = {850'000};
  {
    AfterOneSlot s(r);
    const Statement settled = s.settled(Village::mark(1, 1, 20'000, 80'500));
    CHECK(settled.standing == Standing::metered);
    CHECK(settled.imported.value == 70);
    CHECK(settled.exported.value == 20);
    CHECK(s.v.state().meters().at(1).anchor.import_register.value == 1'020'000);
  }
  {
    AfterOneSlot s(r);  // rolled back by a little: no modulus explains it
    CHECK(s.settled(Village::mark(1, 1, 900'000, 80'500)).standing == Standing::fell);
  }
  {
    AfterOneSlot s;  // none is declared
    CHECK(s.settled(Village::mark(1, 1, 20'000, 80'500)).standing == Standing::fell);
  }
  {
    AfterOneSlot s(r);  // a beginning anew of more than the connection lets through
    r.max_power_w = 1'000;
    AfterOneSlot weak(r);
    CHECK(weak.settled(Village::mark(1, 1, 20'000, 60'500)).standing == Standing::above_power);
  }
}

TEST_CASE("a registration whose registers or modulus cannot be is refused") {
  const auto refused = [](auto change) {
    Village v;
    Registration r = Village::registered(1);
    change(r);
    return v.refusal(Village::registration(0, std::vector{r}), 0);
  };
  const std::string form = "registration is not in its canonical form";
  CHECK(refused([](Registration& r) { r.modulus = {1'000'001}; }) == form);
  CHECK(refused([](Registration& r) { r.modulus = {1'000}, r.import_register = {1'000}; }) == form);
  CHECK(refused([](Registration& r) { r.generation_w = max_meter_power_w + 1; }) == form);
  CHECK(refused([](Registration& r) { r.storage_w = max_meter_power_w + 1; }) == form);
  CHECK(refused([](Registration& r) { r.storage_w = max_meter_power_w; }).empty());
}
