// What marks are worth, from the gateway to statement and tokens.

#include <doctest/doctest.h>

#include "tests/market/refused_with.hpp"

using namespace market_test;

namespace {

// Marks of home 1 (and 2, which is never at fault), slot by slot; the statements of home 1.
struct Told {
  std::int64_t imported, exported;
  bool quarantined = false, silent = false;
};
std::vector<Statement> statements_of(std::initializer_list<Told> slots) {
  Village v;
  v.register_all();
  std::vector<Statement> out;
  std::uint32_t slot = 0;
  for (const Told& t : slots) {
    const std::int64_t end = (slot + 1) * 120'000;
    for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 2 * slot + 2);
    std::vector<Mark> marks{Village::mark(2, slot, 1'000 * (slot + 1), 500)};
    if (!t.silent) marks.push_back(Village::mark(1, slot, t.imported, t.exported, t.quarantined));
    REQUIRE(v.refusal(Village::marks(0, slot, marks), end).empty());
    REQUIRE(v.close(end + 30'000) == 1);
    const auto& all = v.state().last_closed()->settlement.statements;
    REQUIRE(all[1].imported == WattHours{1});  // whatever home 1 says
    REQUIRE(v.state().broken_invariant().empty());
    out.push_back(all[0]);
    ++slot;
  }
  return out;
}

std::string standings_of(const std::vector<Statement>& all) {
  std::string out;
  for (const Statement& s : all)
    (out += out.empty() ? "" : ", ") +=
        std::string(name_of(s.standing)) + " " + std::to_string(s.imported.value) + "/" +
        std::to_string(s.exported.value) + "/" + std::to_string(s.minted.value);
  return out;
}

}  // namespace

TEST_CASE("a mark is judged by itself: its fault stops neither its gateway nor its meter") {
  constexpr std::int64_t spike = (std::int64_t{1} << 40) - 1;
  // Imported, exported and minted Wh of home 1, slot by slot.
  CHECK(standings_of(statements_of({{100'000, 500}, {200'000, 50'500}})) ==
        "metered 100/0/0, metered 100/50/50");
  CHECK(standings_of(statements_of({{spike, 500, true}, {200'000, 90'500}, {300'000, 100'500}})) ==
        "quarantined 0/0/0, recovering 200/90/0, metered 100/10/10");
  CHECK(standings_of(statements_of({{100'000, spike}, {200'000, 90'500}, {300'000, 100'500}})) ==
        "above power 0/0/0, recovering 200/90/0, metered 100/10/10");
  CHECK(standings_of(statements_of({{100'000, 500}, {99'999, 500}, {300'000, 100'500}})) ==
        "metered 100/0/0, fell 0/0/0, recovering 200/100/0");
  CHECK(standings_of(statements_of({{100'000, 499}, {100'000, 500}})) ==
        "fell 0/0/0, recovering 100/0/0");  // below its registration
  CHECK(standings_of(statements_of({{0, 0, false, true}, {200'000, 90'500}})) ==
        "unmarked 0/0/0, spanning 200/90/90");
}

TEST_CASE("a mark rises by what the connection lets through since the anchor, and by no mWh more") {
  const std::int64_t slot = std::int64_t{43'000} * 120'000 / 3600;  // mWh
  CHECK(standings_of(statements_of({{slot, 500}})) == "metered 1433/0/0");
  CHECK(standings_of(statements_of({{slot + 1, 500}})) == "above power 0/0/0");
  CHECK(standings_of(statements_of({{0, 500 + slot + 1}})) == "above power 0/0/0");
  CHECK(standings_of(statements_of({{0, 0, false, true}, {2 * slot + 2, 500}})) ==
        "unmarked 0/0/0, above power 0/0/0");
  CHECK(standings_of(statements_of({{0, 0, false, true}, {2 * slot, 500}})) ==
        "unmarked 0/0/0, spanning 2866/0/0");
}

TEST_CASE("energy that is not one slot's alone is not traded") {
  for (const bool silent : {false, true}) {
    Village v;
    v.register_all();
    CHECK(v.refusal(Village::order(1, 1, Side::buy, 1000, 220'000, 1), 0).empty());
    CHECK(v.refusal(Village::order(3, 1, Side::sell, 800, 100'000, 2), 0).empty());
    for (std::uint32_t slot : {0u, 1u}) {
      const std::int64_t end = (slot + 1) * 120'000;
      for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 2 * slot + 2);
      std::vector<Mark> far;
      if (!silent || slot == 1)
        far.push_back(Village::mark(3, slot, 0, 800'500 * (slot + 1), false));
      CHECK(v.refusal(Village::marks(1, slot, far), end).empty());
      CHECK(v.refusal(Village::marks(0, slot, {Village::mark(1, slot, 900'000 * (slot + 1), 500)}),
                      end)
                .empty());
      REQUIRE(v.close(end) == 1);
    }
    const auto& all = v.state().last_closed()->settlement.statements;
    CHECK(all[0].contracted_buy == WattHours{800});
    CHECK(all[0].bought == (silent ? WattHours{} : WattHours{800}));
    CHECK(all[2].standing == (silent ? Standing::spanning : Standing::metered));
  }
}

TEST_CASE("marks hold no more than their gateway's public sums of the slot") {
  const auto refusal = [](std::int64_t in_sum, std::int64_t out_sum, std::int64_t in,
                          std::int64_t out) {
    Village v;
    v.register_all();
    v.batches_until(0, 2, in_sum, out_sum);
    return v.refusal(
        Village::marks(
            0, 0, {Village::mark(1, 0, in, 500 + out), Village::mark(2, 0, 1'000, 500, false)}),
        120'000);
  };
  CHECK(refusal(50'500, 10'000, 100'000, 20'000).empty());
  CHECK(refusal(50'500, 10'000, 100'001, 20'000).find("more energy") != std::string::npos);
  CHECK(refusal(50'500, 10'000, 100'000, 20'001).find("more energy") != std::string::npos);
  CHECK(refusal(hidden_sum, 10'000, 100'001, 20'000).empty());
  CHECK(refusal(0, hidden_sum, 0, 0).find("more energy") != std::string::npos);  // home 2's Wh
  // What does not carry its slot's energy alone does not count against the sums.
  CHECK(refusal(1'000, 0, std::int64_t{1} << 39, 0).empty());
}

TEST_CASE("a gateway marks slots in their order, and passes over those that closed without it") {
  Village v;
  v.register_all();
  for (std::uint32_t g : {0u, 1u}) v.batches_until(g, 6);
  const auto mark = [](std::uint32_t slot) {
    return Village::marks(1, slot, {Village::mark(3, slot, 0, 1'000'000)});
  };
  CHECK(refused_with(v, mark(1), 360'000, "those of the slot before"));
  CHECK(refused_with(v, mark(2), 360'000, "those of the slot before"));
  CHECK(v.close(360'000) == 2);  // after the grace
  CHECK(v.refusal(mark(2), 360'000).empty());
}

TEST_CASE("what a silent gateway held back is settled with its next mark") {
  Village v;
  v.register_all();
  CHECK(v.close(150'000) == 1);
  CHECK(v.state().last_closed()->settlement.statements[0].imported == WattHours{});
  v.batches_until(0, 4);
  CHECK(v.refusal(Village::marks(0, 1, {Village::mark(1, 1, 700'000, 500)}), 240'000).empty());
  CHECK(v.close(270'000) == 1);
  CHECK(v.state().last_closed()->settlement.statements[0].imported == WattHours{700});
}

TEST_CASE("quarantined energy is billed by the retailer and never minted, not even later") {
  Village v;
  v.register_all();
  v.batches_until(1, 4);
  const auto marks = [](std::uint32_t slot, std::int64_t out, bool quarantined) {
    return Village::marks(1, slot, {Village::mark(3, slot, 0, out, quarantined)});
  };
  v.batches_until(1, 6);
  CHECK(v.refusal(marks(0, 1'000'000, true), 150'000).empty());
  CHECK(v.close(150'000) == 1);
  CHECK(v.refusal(marks(1, 1'001'000, false), 270'000).empty());
  CHECK(v.close(270'000) == 1);
  CHECK(v.state().last_closed()->settlement.statements[2].feed_in == MicroEuros{80'080});
  CHECK(v.state().tokens().totals().minted == WattHours{});
  CHECK(v.refusal(marks(2, 1'002'000, false), 390'000).empty());
  CHECK(v.close(390'000) == 1);
  CHECK(v.state().tokens().totals().minted == WattHours{1});
}
