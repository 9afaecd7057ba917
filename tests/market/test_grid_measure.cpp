// What the grid operator tells of its measures, taken and refused.

#include <doctest/doctest.h>

#include "market/entries/grid_measure.hpp"
#include "tests/market/metered_village.hpp"
#include "tests/market/registered_village.hpp"

using namespace market;
using namespace market_test;

namespace {

GridMeasureBody example_body() {
  return {{1}, {2}, {{4, 0, 12, "transformer"}, {7, 2, 3, "home-04"}}, 2, {}};
}

HomeMeasure of_home(std::uint32_t home, std::uint32_t slot, std::uint8_t measure = 0) {
  return {account(static_cast<std::uint8_t>(home)),
          {home},
          {slot},
          {slot},
          measure,
          12,
          4200,
          -6800,
          {}};
}

// The village with a grid operator.
class Operated : public RegisteredVillage {
 public:
  explicit Operated(bool with_operator = true) : RegisteredVillage(genesis_of(with_operator)) {}
  static Genesis genesis_of(bool with_operator) {
    Genesis g = village_genesis();
    if (!with_operator) g.grid_operator = {};
    return g;
  }
  Transaction told(std::uint32_t slot, const std::vector<HomeMeasure>& homes,
                   const std::string& signer = "grid operator") const {
    std::vector<Opening> openings;
    for (const HomeMeasure& h : homes)
      openings.push_back(opening_of(Village::restricted_key(h.meter.value), h));
    Ed25519Signer& by = signer_of(signer);
    const Slot paid_in = homes.empty() ? Slot{slot} : homes[0].paid_in;
    return grid_measure_of(id(), {slot}, paid_in, example_body().measures, std::move(openings), by);
  }
  std::string refusal(const Transaction& tx, std::int64_t time_ms = 200'000) {
    return RegisteredVillage::refusal(tx, time_ms);
  }
};

}  // namespace

TEST_CASE("A grid measure's bytes are canonical") {
  const GridMeasureBody body = example_body();
  const auto back = decode_grid_measure_body(encode(body));
  REQUIRE(back);
  CHECK(encode(*back) == encode(body));
  CHECK(back->measures[1].element == "home-04");
  GridMeasureBody wrong = body;
  wrong.measures.clear();
  CHECK(!decode_grid_measure_body(encode(wrong)));
  wrong = body;
  wrong.measures[0].element = "";
  CHECK(!decode_grid_measure_body(encode(wrong)));
  wrong.measures[0].element = "caf\xc3\xa9";
  CHECK(!decode_grid_measure_body(encode(wrong)));
  wrong.measures[0].element = std::string(65, 'x');
  CHECK(!decode_grid_measure_body(encode(wrong)));
  wrong = body;
  wrong.measures[0].minutes = 0;
  CHECK(!decode_grid_measure_body(encode(wrong)));
  wrong = body;
  wrong.measures[0].reason = most_reasons;
  CHECK(!decode_grid_measure_body(encode(wrong)));
  wrong = body;
  wrong.paid_in = {0};
  CHECK(!decode_grid_measure_body(encode(wrong)));
  HomeMeasure paid_before = of_home(3, 1);
  paid_before.paid_in = {0};
  CHECK(!decode_home_measure(encode(paid_before)));
  HomeMeasure owed = of_home(3, 1);
  owed.owed = most_owed;
  CHECK(decode_home_measure(encode(owed))->owed == most_owed);
  for (const std::int64_t amount : {std::int64_t{-1}, most_owed.value + 1, INT64_MAX, INT64_MIN}) {
    owed.owed = {amount};
    CHECK(!decode_home_measure(encode(owed)));
  }
  const Bytes opening = encode(of_home(3, 1));
  CHECK(encode(*decode_home_measure(opening)) == opening);
  CHECK(decode_home_measure(opening)->change_w == -6800);
  CHECK(!decode_home_measure(BytesView(opening).first(opening.size() - 1)));
}

TEST_CASE("The grid operator tells once a slot what it did to whom") {
  Operated v;
  const Hash before = v.state().commit();
  HomeMeasure short_one = of_home(1, 1, 1);
  short_one.minutes = 3;
  CHECK(v.refusal(v.told(1, {of_home(1, 1), short_one, of_home(3, 1)})) == "");
  CHECK(v.state().commit() != before);
  CHECK(v.refusal(v.told(1, {of_home(1, 1)})) ==
        "grid measures of a slot that has them, or of one before it");
  CHECK(v.refusal(v.told(0, {of_home(1, 0)})) ==
        "grid measures of a slot that has them, or of one before it");
  CHECK(v.state().beyond(v.told(1, {of_home(1, 1)})));
  CHECK(v.refusal(v.told(2, {of_home(1, 2)})) == "grid measures of a slot that has not begun");
  CHECK(v.refusal(v.told(2, {of_home(1, 2)}), 240'000) == "");
}

TEST_CASE("A grid measure that names homes wrongly, or that others sign, is refused") {
  Operated v;
  CHECK(v.refusal(v.told(1, {of_home(1, 1)}, "registrar")) == "is not signed by the grid operator");
  CHECK(v.refusal(v.told(1, {})) == "homes of a grid measure do not fit their count");
  CHECK(v.refusal(v.told(1, {of_home(9, 1)})) == "a grid measure on an unknown meter");
  HomeMeasure other = of_home(1, 1);
  other.account = account(2);
  CHECK(v.refusal(v.told(1, {other})) == "a grid measure on a meter that is not the account's");
  CHECK(v.refusal(v.told(1, {of_home(1, 1), of_home(3, 0)})) ==
        "a home's grid measure of another slot, or paid in another one");
  HomeMeasure later = of_home(3, 1);
  later.paid_in = {2};
  CHECK(v.refusal(v.told(1, {of_home(1, 1), later})) ==
        "a home's grid measure of another slot, or paid in another one");
  CHECK(v.refusal(v.told(1, {of_home(1, 1, 2)})) ==
        "a home's grid measure that the body does not hold");
  HomeMeasure longer = of_home(1, 1, 1);  // the second measure acted for three minutes
  CHECK(v.refusal(v.told(1, {longer})) == "a home's grid measure that the body does not hold");
  CHECK(v.refusal(v.told(1, {of_home(3, 1), of_home(1, 1)})) ==
        "homes of a grid measure are not in rising order");
  CHECK(v.refusal(v.told(1, {of_home(1, 1), of_home(1, 1)})) ==
        "homes of a grid measure are not in rising order");

  Operated without(false);
  CHECK(without.refusal(without.told(1, {of_home(1, 1)})) == "this chain has no grid operator");
}

TEST_CASE("Genesis names a grid operator or none") {
  const Genesis with = Operated::genesis_of(true), without = Operated::genesis_of(false);
  CHECK(decode_genesis(encode(with))->grid_operator == with.grid_operator);
  CHECK(encode(without).find("grid_operator") == std::string::npos);
  CHECK(chain_id_of(with) != chain_id_of(without));
}

namespace {

HomeMeasure owed(std::uint32_t home, std::uint32_t slot, std::int64_t micro_eur,
                 std::uint32_t paid_in) {
  HomeMeasure m = of_home(home, slot);
  m.owed = {micro_eur};
  m.paid_in = {paid_in};
  return m;
}

Transaction told(const std::vector<HomeMeasure>& homes) {
  std::vector<Opening> openings;
  for (const HomeMeasure& h : homes)
    openings.push_back(opening_of(Village::restricted_key(h.meter.value), h));
  return grid_measure_of(chain_id_of(village_genesis()), homes[0].slot, homes[0].paid_in,
                         example_body().measures, std::move(openings), signer_of("grid operator"));
}

// What an account got beside its statement in a slot that closed.
MicroEuros beside(const ClosedSlot& closed, std::size_t home, MicroEuros before) {
  return closed.settlement.statements[home].balance - before +
         closed.settlement.statements[home].total;
}

}  // namespace

TEST_CASE("What the grid operator owes is paid when the slot closes that its entry names") {
  MeteredVillage t;
  const auto balance = [&](const AccountId& of) { return t.v.state().journal().balance(of); };
  t.accept(told({owed(1, 0, 25'000, 1), owed(2, 0, 0, 1), owed(3, 0, 1, 1)}));
  const MicroEuros deposit = balance(account(1));
  const ClosedSlot first = t.close(450, 500);
  CHECK(first.compensated.empty());
  CHECK(beside(first, 0, deposit).value == 0);

  t.accept(told({owed(1, 1, 7, 1)}), 120'000);
  const MicroEuros one = balance(account(1)), three = balance(account(3));
  const MicroEuros grid = balance(grid_operator);
  const ClosedSlot second = t.close(0, 0);
  REQUIRE(second.compensated.size() == 3);  // of home 2 nothing is owed
  CHECK(beside(second, 0, one).value == 25'007);
  CHECK(beside(second, 2, three).value == 1);
  CHECK(balance(account(1)) == second.settlement.statements[0].balance);
  CHECK(balance(grid_operator) == grid - MicroEuros{25'008});
  CHECK(std::count_if(second.settlement.postings.begin(), second.settlement.postings.end(),
                      [](const Posting& p) {
                        return p.kind == PostingKind::compensation && p.from == grid_operator;
                      }) == 3);
  CHECK(t.close(0, 0).compensated.empty());
}

TEST_CASE("What is owed is not paid in a slot that is closed, or too far ahead") {
  MeteredVillage t;
  t.close(450, 500);
  t.close(450, 500);
  CHECK(t.v.refusal(told({owed(1, 0, 5, 1)}), 240'000) ==
        "grid measures that are paid in a slot that is closed");
  CHECK(t.v.refusal(told({owed(1, 0, 5, 1003)}), 240'000) ==
        "grid measures that are paid in a slot too far ahead");
  HomeMeasure feeder = owed(4, 0, 5, 2);
  CHECK(t.v.refusal(told({feeder}), 240'000) == "a grid measure on a meter that is no home's");
  // The same again, for a slot that is open.
  t.accept(told({owed(1, 0, 5, 2)}), 240'000);
  CHECK(t.close(0, 0).compensated.size() == 1);
}

TEST_CASE("A slot pays no more homes and measures than it has room for") {
  MeteredVillage t;
  // Told slot by slot, all to be paid in one; 64 measures on each of three homes.
  const auto all_told = [&](std::uint32_t slot, std::uint32_t paid_in) {
    std::vector<Opening> openings;
    for (const std::uint32_t home : {1u, 2u, 3u})
      for (std::uint8_t m = 0; m < most_measures; ++m) {
        HomeMeasure one = owed(home, slot, most_owed.value, paid_in);
        one.measure = m;
        openings.push_back(opening_of(Village::restricted_key(home), one));
      }
    return grid_measure_of(chain_id_of(village_genesis()), {slot}, {paid_in},
                           std::vector<GridMeasure>(most_measures, {6, 0, 12, "transformer"}),
                           std::move(openings), signer_of("grid operator"));
  };
  const std::uint32_t each = 3 * most_measures, full = most_paid_a_slot / each;
  const std::int64_t now = std::int64_t{full + 2} * 120'000;
  for (std::uint32_t slot = 0; slot < full; ++slot) t.accept(all_told(slot, full), now);
  CHECK(t.v.refusal(all_told(full, full), now) ==
        "grid measures that are paid in a slot which has no room for them");
  t.accept(all_told(full, full + 1), now);
}

TEST_CASE("What waits to be paid is part of state and content") {
  const auto roots = [](std::int64_t micro_eur) {
    MeteredVillage t;
    t.accept(told({owed(1, 0, micro_eur, 1)}));
    const Hash waiting = t.v.state().commit();
    t.close(450, 500);
    const Hash between = t.v.state().content_root();
    t.close(450, 500);
    return std::tuple(waiting, between, t.v.state().content_root());
  };
  const auto [waiting, between, content] = roots(5);
  const auto [other_waiting, other_between, other_content] = roots(6);
  CHECK(waiting != other_waiting);
  CHECK(between == other_between);  // it is content of the slot that pays
  CHECK(content != other_content);
  CHECK(roots(5) == std::tuple(waiting, between, content));
}
