#include <doctest/doctest.h>

#include "ledger/consensus/round_machine.hpp"
#include "tests/support/consensus_sim.hpp"

using namespace ledger;

namespace {

const Hash x = block_id(Bytes{1}), y = block_id(Bytes{2});

VoteKeeper keeper_of(std::uint32_t validators) {
  return VoteKeeper(ValidatorSet(consensus_sim::config_of(validators).validators));
}
Vote vote(VoteType type, std::uint32_t validator, std::uint32_t round, std::optional<Hash> value) {
  return {type, 1, round, value, no_round, {validator}, {}};
}

}  // namespace

TEST_CASE("a vote counts once, whatever number of times it comes") {
  VoteKeeper keeper = keeper_of(4);
  using Added = VoteKeeper::Added;
  CHECK(keeper.add(vote(VoteType::precommit, 0, 0, x)) == Added::fresh);
  CHECK(keeper.add(vote(VoteType::precommit, 1, 0, x)) == Added::fresh);
  for (int i = 0; i < 5; ++i) CHECK(keeper.add(vote(VoteType::precommit, 1, 0, x)) == Added::again);
  CHECK(keeper.add(vote(VoteType::precommit, 1, 0, y)) == Added::conflict);
  CHECK(keeper.add(vote(VoteType::precommit, 1, 0, {})) == Added::conflict);
  CHECK_FALSE(keeper.quorum_of_any(VoteType::precommit, 0));
  CHECK_FALSE(keeper.quorum_for(VoteType::precommit, 0, x));
  CHECK_FALSE(keeper.commit());
  CHECK_FALSE(keeper.certificate(VoteType::precommit, 0, x));
  CHECK(keeper.add(vote(VoteType::precommit, 3, 0, x)) == Added::fresh);
  REQUIRE(keeper.commit());
  CHECK(keeper.commit()->value == x);
  CHECK(keeper.certificate(VoteType::precommit, 0, x)->votes.size() == 3);
}

TEST_CASE("rounds, types and values are counted apart") {
  VoteKeeper keeper = keeper_of(4);
  keeper.add(vote(VoteType::prevote, 0, 0, x));
  keeper.add(vote(VoteType::prevote, 1, 1, x));
  keeper.add(vote(VoteType::precommit, 1, 0, x));
  keeper.add(vote(VoteType::prevote, 2, 0, y));
  keeper.add(vote(VoteType::prevote, 3, 0, {}));
  CHECK(keeper.quorum_of_any(VoteType::prevote, 0));
  CHECK_FALSE(keeper.quorum_value(VoteType::prevote, 0));
  CHECK_FALSE(keeper.quorum_of_any(VoteType::prevote, 1));
  CHECK_FALSE(keeper.quorum_of_any(VoteType::precommit, 0));
}

TEST_CASE("a quorum of nil is no value, and no decision") {
  VoteKeeper keeper = keeper_of(4);
  for (std::uint32_t v = 0; v < 4; ++v) keeper.add(vote(VoteType::precommit, v, 0, {}));
  CHECK(keeper.quorum_for(VoteType::precommit, 0, std::nullopt));
  CHECK_FALSE(keeper.quorum_value(VoteType::precommit, 0));
  CHECK_FALSE(keeper.commit());
}

TEST_CASE("a certificate proves its quorum though its voters told us otherwise") {
  VoteKeeper keeper = keeper_of(4);
  keeper.add(vote(VoteType::prevote, 1, 0, y));
  const Certificate certificate{
      VoteType::prevote, 1, 0, x, {{{1}, -1, {}}, {{2}, -1, {}}, {{3}, -1, {}}}};
  keeper.add(certificate);
  CHECK(keeper.contradiction(vote(VoteType::prevote, 1, 0, x))->value == y);
  CHECK(keeper.quorum_value(VoteType::prevote, 0) == x);
  CHECK(keeper.certificate(VoteType::prevote, 0, x) == certificate);
  CHECK(keeper.find(VoteType::prevote, 0, {1})->value == y);
  CHECK_FALSE(keeper.quorum_for(VoteType::prevote, 0, y));
}

TEST_CASE("the round that f+1 have reached counts each validator at its highest") {
  VoteKeeper keeper = keeper_of(7);  // f = 2
  keeper.saw({0}, 5);
  keeper.saw({0}, 9);
  keeper.saw({1}, 7);
  CHECK(keeper.round_of_f_plus_one() == no_round);
  keeper.saw({2}, 3);
  CHECK(keeper.round_of_f_plus_one() == 3);
  keeper.saw({2}, 8);
  CHECK(keeper.round_of_f_plus_one() == 7);
  keeper.saw({2}, 1);
  CHECK(keeper.round_of_f_plus_one() == 7);
}

TEST_CASE("a re-proposal waits for the quorum of its valid round") {
  VoteKeeper keeper = keeper_of(4);
  ProposalBook book;
  book.add_value(x, Bytes{1}, 2);
  book.judge(x, true);
  book.add(Proposal{1, 2, 1, x, {3}, {}, {}, {}}, true);
  RoundMachine machine;
  machine.enter(2);
  for (const std::uint32_t v : {0u, 1u}) keeper.add(vote(VoteType::prevote, v, 1, x));
  keeper.add(vote(VoteType::prevote, 2, 0, x));
  CHECK_FALSE(machine.next(keeper, book));
  keeper.add(vote(VoteType::prevote, 2, 1, x));
  const auto action = machine.next(keeper, book);
  REQUIRE(action);
  CHECK(std::get<CastVote>(*action).value == x);
  CHECK(std::get<CastVote>(*action).valid_round == 1);
}
