// The feeder that the grid operator tells of, taken and refused.

#include <doctest/doctest.h>

#include "market/entries/trading_grid.hpp"
#include "tests/market/feeder_support.hpp"
#include "tests/market/registered_village.hpp"

using namespace market;
using namespace market_test;

namespace {

// The village with a grid operator and a mechanism that needs a feeder.
class Told : public RegisteredVillage {
 public:
  explicit Told(const std::string& mechanism = "grid-aware", bool with_operator = true)
      : RegisteredVillage(feeder_genesis(mechanism, with_operator)) {}
  Transaction told(std::uint32_t from, const FeederTerms& feeder, std::vector<Opening> homes,
                   const std::string& signer = "grid operator") const {
    return *trading_grid_of(id(), {from}, feeder, std::move(homes), operator_key(),
                            signer_of(signer));
  }
  Transaction told(std::uint32_t from) const {
    return told(from, example_limits(), places(from, {{1, 1}, {2, 2}, {3, 2}}));
  }
};

}  // namespace

TEST_CASE("A trading grid's bytes are canonical and say what was told") {
  const Told v;
  TradeLimits wide{5'000, {}};
  for (std::uint32_t r = 0; r < 40; ++r) {
    LimitRow row;
    row.room = 1'000 + r;
    for (std::uint32_t b = r; b < 5'000; b += 17) row.terms.push_back({b, -(1 + std::int64_t{b})});
    wide.rows.push_back(row);
  }
  for (const FeederTerms& feeder :
       {FeederTerms{example_limits()}, FeederTerms{wide}, FeederTerms{example_tree()}}) {
    const Transaction tx = v.told(4, feeder, places(4, {{1, 1}, {3, 2}}));
    const auto again = decode_transaction(tx.encode());
    REQUIRE(again);
    const auto grid = decode_trading_grid(*again);
    REQUIRE(grid);
    CHECK(grid->from == Slot{4});
    CHECK(encode(grid->feeder) == encode(feeder));
    CHECK(buses_of(grid->feeder) == buses_of(feeder));
    CHECK(grid->operator_key == operator_key());
    REQUIRE(grid->homes.size() == 2);
    CHECK(grid->homes[1].meter == MeterId{3});
    CHECK(grid->homes[1].bus == 2);
    for (const std::size_t missing : {std::size_t{0}, std::size_t{1}, tx.openings.size() - 1}) {
      Transaction less = tx;
      less.openings.erase(less.openings.begin() + static_cast<std::ptrdiff_t>(missing));
      CHECK(!decode_trading_grid(less));
    }
    for (std::size_t k = 0; k < tx.openings.size(); ++k) {
      Transaction longer = tx;
      longer.openings[k].data.push_back(0);
      CHECK(!decode_trading_grid(longer));
    }
  }
  const Transaction many = v.told(4, wide, {});
  CHECK(decode_trading_grid_body(many.body)->pieces > 1);
  Transaction swapped = many;
  std::swap(swapped.openings[1], swapped.openings[2]);
  CHECK(!decode_trading_grid(swapped));
}

TEST_CASE("What does not fit into a transaction is refused by its size") {
  const Told v;
  TradeLimits huge{300, {}};
  LimitRow row;
  for (std::uint32_t b = 0; b < 300; ++b) row.terms.push_back({b, 7});
  huge.rows.assign(450, row);
  const auto told =
      trading_grid_of(v.id(), {1}, huge, {}, operator_key(), signer_of("grid operator"));
  REQUIRE(!told);
  CHECK(told.error().find("does not fit into a transaction") != std::string::npos);
}

TEST_CASE("A trading grid holds from its slot on until the next one") {
  Told v;
  CHECK(v.state().trading_grid({0}) == nullptr);
  CHECK(v.state().restricted_key(grid_operator) == nullptr);
  const Hash before = v.state().commit();
  const Transaction first = v.told(2);
  CHECK(v.refusal(first) == "");
  const Hash with_one = v.state().commit();
  CHECK(with_one != before);
  CHECK(*v.state().restricted_key(grid_operator) == operator_key());
  CHECK(v.refusal(v.told(5)) == "");
  CHECK(v.state().trading_grid({1}) == nullptr);
  CHECK(v.state().trading_grid({4})->from == Slot{2});
  CHECK(v.state().trading_grid({5})->from == Slot{5});
  CHECK(v.state().trading_grid({900})->from == Slot{5});
  CHECK(v.state().beyond(first));
  CHECK(v.refusal(v.told(5)) ==
        "a trading grid from a slot on that has one, or from one before it");
  CHECK(v.refusal(v.told(2'000)) == "a trading grid from a slot on that is too far ahead");
  CHECK(v.refusal(v.told(6), 6 * 120'000 + 1) == "a trading grid from a slot on that has begun");
  CHECK(v.refusal(v.told(6), 6 * 120'000) == "");
  CHECK(!v.state().beyond(v.told(7)));
}

TEST_CASE("A trading grid that others sign, or that is of another form or key, is refused") {
  Told v;
  const auto tree = FeederTerms{example_tree()};
  CHECK(v.refusal(v.told(2, example_limits(), {}, "registrar")) ==
        "is not signed by the grid operator");
  CHECK(v.refusal(v.told(2, tree, {})) ==
        "a trading grid of a form that this chain does not clear by");
  CHECK(v.refusal(v.told(2, example_limits(), places(2, {{9, 1}}))) ==
        "a place of an unknown meter");
  CHECK(v.refusal(v.told(2, example_limits(), places(2, {{4, 1}}))) ==
        "a place of a meter that is not the account's");  // the feeder's own
  CHECK(v.refusal(v.told(2, example_limits(), places(2, {{1, 3}}))) ==
        "a home at bus 3, which is not there");
  CHECK(v.refusal(v.told(2, example_limits(), places(2, {{2, 1}, {1, 1}}))) ==
        "homes of a feeder are not in rising order");
  CHECK(v.refusal(v.told(2, example_limits(), places(3, {{1, 1}}))) ==
        "a home's place from another slot on");
  CHECK(v.refusal(v.told(2)) == "");
  SubjectKey other = operator_key();
  other[0] ^= 1;
  const auto with_other =
      trading_grid_of(v.id(), {3}, example_limits(), {}, other, signer_of("grid operator"));
  CHECK(v.refusal(*with_other) == "a trading grid with another key of the grid operator");

  Told fees("fee-tree");
  CHECK(fees.refusal(fees.told(2, example_limits(), {})) ==
        "a trading grid of a form that this chain does not clear by");
  CHECK(fees.refusal(fees.told(2, tree, places(2, {{1, 2}}))) == "");
  Told uniform("uniform");
  CHECK(uniform.refusal(uniform.told(2, tree, {})) ==
        "a trading grid of a form that this chain does not clear by");
  Told without("grid-aware", false);
  CHECK(without.refusal(without.told(2)) == "this chain has no grid operator");
}
