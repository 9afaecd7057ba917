// What names the makers of a fork, and that nobody else can be named.

#include "tests/support/consensus_lab.hpp"

using namespace consensus_lab;

namespace {

struct Court : Lab {
  Hash x = block_id(block(1, 1)), y = block_id(block(2, 2));
  Vote precommit(std::uint32_t round, std::optional<Hash> value,
                 std::uint32_t validator = 2) const {
    return vote(VoteType::precommit, validator, round, value);
  }
  Vote prevote(std::uint32_t round, std::optional<Hash> value, std::int32_t valid_round = no_round,
               std::uint32_t validator = 2) const {
    return vote(VoteType::prevote, validator, round, value, valid_round);
  }
  bool guilty(const Vote& one, const Vote& other) {
    const Evidence evidence{encode(one), encode(other)};
    const auto found = verify_evidence(evidence, config.chain_id, driver.validators(), verifier);
    CHECK(found.has_value() == contradict(one, other));
    CHECK(contradictions({one, other}).size() == (found ? 1 : 0));
    if (found) {
      CHECK(*found == one.validator);
      const auto again = decode_evidence(encode(evidence));
      REQUIRE(again);
      CHECK(verify_evidence(*again, config.chain_id, driver.validators(), verifier) == *found);
    }
    return found.has_value();
  }
};

}  // namespace

TEST_CASE("leaving a precommitted value without a reason is evidence") {
  Court c;
  CHECK(c.guilty(c.precommit(1, c.x), c.prevote(2, c.y)));
  CHECK(c.guilty(c.precommit(1, c.x), c.prevote(9, c.y, 0)));
  CHECK(c.guilty(c.prevote(2, c.y), c.precommit(1, c.x)));

  CHECK_FALSE(c.guilty(c.precommit(1, c.x), c.prevote(2, c.y, 1)));
  CHECK_FALSE(c.guilty(c.precommit(1, c.x), c.prevote(9, c.y, 7)));
  CHECK_FALSE(c.guilty(c.precommit(1, c.x), c.prevote(2, c.x)));
  CHECK_FALSE(c.guilty(c.precommit(1, c.x), c.prevote(2, std::nullopt)));
  CHECK_FALSE(c.guilty(c.precommit(1, std::nullopt), c.prevote(2, c.y)));
  CHECK_FALSE(c.guilty(c.precommit(1, c.x), c.prevote(1, c.y)));
  CHECK_FALSE(c.guilty(c.precommit(1, c.x), c.prevote(0, c.y)));
  CHECK_FALSE(c.guilty(c.precommit(1, c.x), c.prevote(2, c.y, no_round, 1)));
  Vote other_height = c.vote(VoteType::prevote, 2, 2, c.y, no_round, 5);
  CHECK_FALSE(c.guilty(c.precommit(1, c.x), other_height));
  CHECK_FALSE(c.guilty(c.precommit(1, c.x), c.precommit(2, c.y)));
  CHECK_FALSE(c.guilty(c.prevote(1, c.x), c.prevote(2, c.y)));
}

TEST_CASE("evidence of amnesia with a signature that does not hold is none") {
  Court c;
  for (const bool first : {true, false}) {
    Vote one = c.precommit(1, c.x), other = c.prevote(2, c.y);
    (first ? one : other).signature[7] ^= 1;
    CHECK_FALSE(verify_evidence({encode(one), encode(other)}, c.config.chain_id,
                                c.driver.validators(), c.verifier));
  }
}

TEST_CASE("a driver tells of amnesia once, whichever vote comes first") {
  for (const bool precommit_first : {true, false}) {
    Court c;
    const std::vector<Vote> votes = {c.precommit(0, c.x), c.prevote(1, c.y)};
    for (int i = 0; i < 3; ++i)
      for (const std::size_t k : {0u, 1u}) c.hear(encode(votes[precommit_first ? k : 1 - k]));
    REQUIRE(c.all<EvidenceFound>().size() == 1);
    CHECK(c.all<EvidenceFound>()[0].culprit == ValidatorId{2});
  }
}

TEST_CASE("a driver finds amnesia in certificates") {
  Court c;
  c.hear(encode(c.precommit(0, c.x, 3)));
  Certificate quorum = c.certificate(VoteType::prevote, 1, c.y);
  c.hear(encode(quorum));
  REQUIRE(c.all<EvidenceFound>().size() == 1);
  CHECK(c.all<EvidenceFound>()[0].culprit == ValidatorId{3});
}

TEST_CASE("prevotes of one value that name different valid rounds are no quorum") {
  Court c;
  VoteKeeper keeper(c.driver.validators());
  keeper.add(c.prevote(2, c.x, no_round, 0));
  keeper.add(c.prevote(2, c.x, no_round, 1));
  keeper.add(c.prevote(2, c.x, 1, 2));
  CHECK(keeper.quorum_of_any(VoteType::prevote, 2));
  CHECK_FALSE(keeper.quorum_for(VoteType::prevote, 2, c.x));
  CHECK_FALSE(keeper.prevoted());
  keeper.add(c.prevote(2, c.x, no_round, 3));
  REQUIRE(keeper.certificate(VoteType::prevote, 2, c.x));
  CHECK(keeper.certificate(VoteType::prevote, 2, c.x)->votes.size() == 3);
  CHECK(keeper.prevoted()->round == 2);

  Certificate mixed = *keeper.certificate(VoteType::prevote, 2, c.x);
  CHECK(decode_certificate(encode(mixed)));
  mixed.votes[1].valid_round = 1;
  mixed.votes[1].signature = c.prevote(2, c.x, 1, 1).signature;
  CHECK_FALSE(decode_certificate(encode(mixed)));
}

TEST_CASE("the value of a later lock needs a valid round from what was left for it") {
  for (const bool late : {false, true}) {
    Lab lab;
    const Bytes x = lab.lock_in_round_0();
    lab.fail_round(1);
    const Bytes y = lab.block(3, 7);  // of validator 3, who proposes in rounds 2 and 6
    lab.hear(encode(lab.proposal(2, y)));
    lab.hear_votes(VoteType::prevote, {1, 2, 3}, 2, block_id(y));
    REQUIRE(lab.driver.machine().locked()->value == block_id(y));
    lab.hear_votes(VoteType::prevote, {1, 2}, 6, std::nullopt);
    REQUIRE(lab.driver.round() == 6);
    lab.forget();
    lab.hear(encode(late ? lab.proposal(6, y, 2) : lab.proposal(6, y)));
    // Said again as if it were new: with the precommit of x, a prevote would look like amnesia.
    CHECK(values_of(lab.own_votes(VoteType::prevote)) ==
          (late ? Values{block_id(y)} : Values{std::nullopt}));
  }
}

TEST_CASE("a value proven in a round that is over is the next proposer's") {
  Lab next(2);  // proposes in rounds 1 and 5
  const Bytes x = next.block(1, 1);
  next.hear(encode(next.proposal(0, x)));
  Certificate proof{VoteType::prevote, 1, 0, block_id(x), {}};
  for (const std::uint32_t v : {0u, 1u, 3u})
    proof.votes.push_back(
        {{v}, no_round, next.vote(VoteType::prevote, v, 0, block_id(x)).signature});
  next.hear_votes(VoteType::prevote, {0, 1}, 4, std::nullopt);
  next.hear(encode(proof));
  REQUIRE(next.driver.machine().valid());
  CHECK(next.driver.machine().valid()->round == 0);
  next.forget();
  next.hear_votes(VoteType::prevote, {0, 1}, 5, std::nullopt);
  CHECK(next.all<NeedValue>().empty());
  CHECK(values_of(next.own_votes(VoteType::prevote)) == Values{block_id(x)});
}

TEST_CASE("what a round proved is told before it ends without a decision") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  lab.hear(encode(lab.proposal(0, x)));
  lab.hear_votes(VoteType::prevote, {1, 2}, 0, block_id(x));
  lab.forget();
  lab.hear_votes(VoteType::precommit, {1, 2}, 0, std::nullopt);
  std::size_t proofs = 0, proposals = 0;
  for (const Broadcast& b : lab.all<Broadcast>()) {
    proofs += decode_certificate(b.bytes) ? 1 : 0;
    proposals += decode_proposal(b.bytes, 1 << 16) ? 1 : 0;
  }
  CHECK(proofs == 1);
  CHECK(proposals == 1);
  CHECK(lab.driver.round() == 0);
}

TEST_CASE("a node one height behind f+1 validators asks after a while, until it decides") {
  Lab lab;
  const auto ahead = [&](std::uint32_t v) {
    lab.hear(encode(lab.vote(VoteType::prevote, v, 0, std::nullopt, no_round, 2)));
  };
  ahead(1);
  lab.pass(milliseconds(201));
  CHECK(lab.all<AskPeer>().empty());
  ahead(2);
  CHECK(lab.all<AskPeer>().empty());
  lab.pass(milliseconds(199));
  CHECK(lab.all<AskPeer>().empty());
  lab.pass(milliseconds(1));
  CHECK(lab.all<AskPeer>().size() == 1);
  lab.hear_votes(VoteType::precommit, {1, 2, 3}, 2, std::nullopt);  // a later round begins
  REQUIRE(lab.driver.round() == 2);
  lab.pass(milliseconds(200));
  CHECK(lab.all<AskPeer>().size() == 2);
  const Bytes x = lab.block(1, 1);
  lab.hear(encode(Decision{lab.certificate(VoteType::precommit, 0, block_id(x)), x}));
  REQUIRE(lab.driver.decided());
  lab.pass(seconds(5));
  CHECK(lab.all<AskPeer>().size() == 2);
}
