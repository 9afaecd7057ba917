// What the grid operator tells of its measures, taken and refused.

#include <doctest/doctest.h>

#include "market/entries/grid_measure.hpp"
#include "tests/market/registered_village.hpp"

using namespace market;
using namespace market_test;

namespace {

GridMeasureBody example_body() {
  return {{1}, {{4, 0, 12, "transformer"}, {7, 2, 3, "home-04"}}, 2, {}};
}

HomeMeasure of_home(std::uint32_t home, std::uint32_t slot, std::uint8_t measure = 0) {
  return {account(static_cast<std::uint8_t>(home)), {home}, {slot}, measure, 12, 4200, -6800};
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
    return grid_measure_of(id(), {slot}, example_body().measures, std::move(openings), by);
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
  CHECK(v.refusal(v.told(1, {of_home(1, 0)})) == "a home's grid measure of another slot");
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
