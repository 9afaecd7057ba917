// One validator through rounds: votes, locks, timeouts, joining and repeating.

#include "tests/support/consensus_lab.hpp"

using namespace consensus_lab;

TEST_CASE("a height begins at its time on the grid, is voted on and decided") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  const Hash id = block_id(x);
  lab.hear(encode(lab.proposal(0, x)));
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{id});
  lab.hear_votes(VoteType::prevote, {1}, 0, id);
  CHECK(lab.own_votes(VoteType::precommit).empty());
  lab.hear_votes(VoteType::prevote, {2}, 0, id);
  CHECK(values_of(lab.own_votes(VoteType::precommit)) == Values{id});
  lab.hear_votes(VoteType::precommit, {3}, 0, id);
  CHECK_FALSE(lab.driver.decided());
  lab.hear_votes(VoteType::precommit, {1}, 0, id);
  REQUIRE(lab.all<Decided>().size() == 1);
  const Decided d = lab.all<Decided>()[0];
  CHECK(d.height == 1);
  CHECK(d.value == x);
  CHECK(d.timestamp_ms == 1000);
  CHECK(d.proposer == ValidatorId{1});
  CHECK(verify_decision({d.certificate, d.value}, lab.config.chain_id, lab.driver.validators(),
                        lab.verifier));
  CHECK(lab.driver.next_deadline() == never);
  lab.step([&](Effects& out) { lab.driver.advance(lab.now, 2, out); });
  CHECK(lab.driver.next_deadline() == Instant{} + seconds(2));
}

TEST_CASE("the proposer asks for a block once its height begins, and repeats it when it is lost") {
  Lab lab(1);
  REQUIRE(lab.all<NeedValue>().size() == 1);
  CHECK(lab.all<NeedValue>()[0].timestamp_ms == 1000);
  const Bytes x = lab.block(1, 1);
  lab.step([&](Effects& out) { lab.driver.propose(lab.now, 1, 0, x, out); });
  lab.step([&](Effects& out) { lab.driver.propose(lab.now, 1, 0, x, out); });  // answered already
  lab.step([&](Effects& out) { lab.driver.propose(lab.now, 1, 5, x, out); });  // never asked for
  std::size_t proposals = 0;
  for (const Broadcast& b : lab.all<Broadcast>())
    proposals += decode_proposal(b.bytes, 1 << 16) ? 1 : 0;
  CHECK(proposals == 1);
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{block_id(x)});
  lab.forget();
  lab.pass(milliseconds(800));
  CHECK(lab.own_votes(VoteType::prevote).size() == 1);
  CHECK(lab.all<AskPeer>().size() == 1);
  CHECK(lab.all<PersistSigned>().empty());
  CHECK(decode_proposal(lab.all<Broadcast>()[0].bytes, 1 << 16));
}

TEST_CASE("timeouts grow with the round") {
  Lab lab;
  for (std::uint32_t round = 0; round < 4; ++round) {
    const Duration growth = milliseconds(100) * round;
    if (round == 3) CHECK(lab.all<NeedValue>().size() == 1);
    CHECK(lab.driver.next_deadline() - lab.now == milliseconds(400) + growth);
    lab.pass(milliseconds(399) + growth);
    CHECK(lab.own_votes(VoteType::prevote).size() == round);
    lab.pass(milliseconds(1));
    CHECK(lab.own_votes(VoteType::prevote).size() == round + 1);
    lab.hear_votes(VoteType::precommit, {1, 2, 3}, round, std::nullopt);
    CHECK(lab.driver.next_deadline() - lab.now == milliseconds(200) + growth);
    lab.pass(milliseconds(200) + growth);
    CHECK(lab.driver.round() == round + 1);
  }
}

TEST_CASE("a timeout of another round or of a step that is over does nothing") {
  VoteKeeper votes{ValidatorSet(config_of(4).validators)};
  RoundMachine machine;
  for (const auto kind : {TimeoutKind::propose, TimeoutKind::prevote, TimeoutKind::precommit})
    CHECK_FALSE(machine.timeout(kind, 0));  // no round has begun
  machine.enter(3);
  for (const std::uint32_t round : {0u, 2u, 4u})
    for (const auto kind : {TimeoutKind::propose, TimeoutKind::prevote, TimeoutKind::precommit})
      CHECK_FALSE(machine.timeout(kind, round));
  CHECK_FALSE(machine.timeout(TimeoutKind::prevote, 3));
  CHECK(machine.timeout(TimeoutKind::propose, 3));
  CHECK_FALSE(machine.timeout(TimeoutKind::propose, 3));
  CHECK(machine.timeout(TimeoutKind::prevote, 3));
  CHECK_FALSE(machine.timeout(TimeoutKind::prevote, 3));
  CHECK_FALSE(machine.timeout(TimeoutKind::propose, 3));
  CHECK(machine.timeout(TimeoutKind::precommit, 3));
  CHECK(machine.step() == RoundMachine::Step::precommit);
}

TEST_CASE("a locked validator prevotes its value only, also after a quorum of nil") {
  Lab lab;
  const Bytes x = lab.lock_in_round_0();
  lab.forget();
  lab.hear(encode(lab.proposal(1, lab.block(2, 2))));
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{std::nullopt});
  lab.fail_round(1);
  lab.forget();
  lab.hear(encode(lab.proposal(2, lab.block(3, 3))));
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{std::nullopt});
  lab.fail_round(2);  // round 3 is ours
  CHECK(lab.all<NeedValue>().empty());
  std::optional<Proposal> repeated;
  for (const Broadcast& b : lab.all<Broadcast>())
    if (auto p = decode_proposal(b.bytes, 1 << 16)) repeated = std::move(*p);
  REQUIRE(repeated);
  CHECK(repeated->value == x);
  CHECK(repeated->valid_round == 0);
  CHECK(verify_certificate(*repeated->certificate, lab.config.chain_id, lab.driver.validators(),
                           lab.verifier));
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{std::nullopt, block_id(x)});
}

TEST_CASE("a hidden lock is resolved by the certificate in the re-proposal") {
  // Validators 1, 2 and 3 prevoted x in round 0, of which this node saw nothing.
  Lab lab;
  const Bytes x = lab.block(1, 1);
  lab.pass(milliseconds(400));
  lab.hear_votes(VoteType::precommit, {1, 2, 3}, 0, std::nullopt);
  lab.pass(milliseconds(200));
  REQUIRE(lab.driver.round() == 1);
  lab.forget();
  SUBCASE("with it, at once") {
    lab.hear(encode(lab.proposal(1, x, 0)));
    REQUIRE(lab.own_votes(VoteType::prevote).size() == 1);
    CHECK(lab.own_votes(VoteType::prevote)[0].value == block_id(x));
    CHECK(lab.own_votes(VoteType::prevote)[0].valid_round == 0);
  }
  SUBCASE("without it, or with a wrong one, never") {
    const Proposal good = lab.proposal(1, x, 0);
    const std::vector<std::function<void(Proposal&)>> changes = {
        [](Proposal& p) { p.certificate.reset(); },
        [](Proposal& p) { p.certificate->votes.pop_back(); },
        [](Proposal& p) { p.certificate->votes[2].validator.value = 4; },
        [](Proposal& p) { p.certificate->votes[1].signature[5] ^= 1; },
        [](Proposal& p) { p.certificate->type = VoteType::precommit; },
        [](Proposal& p) { ++p.certificate->height; },
        [](Proposal& p) { p.certificate->value[0] ^= 1; },
    };
    for (const auto& change : changes) {
      Proposal bad = good;
      change(bad);
      lab.hear(encode(bad));
    }
    CHECK(lab.refusals() == changes.size());
    CHECK(lab.own_votes(VoteType::prevote).empty());
  }
  SUBCASE("and it undoes a lock of an earlier round only") {
    Lab locked;
    const Bytes mine = locked.lock_in_round_0();  // locked in round 0
    locked.fail_round(1);
    locked.forget();
    locked.hear(encode(locked.proposal(2, locked.block(2, 7), 1)));  // a quorum in round 1
    CHECK(values_of(locked.own_votes(VoteType::prevote)) == Values{block_id(locked.block(2, 7))});
  }
}

TEST_CASE("a valid round before the lock does not unlock, the lock's own round does") {
  VoteKeeper votes{ValidatorSet(config_of(4).validators)};
  ProposalBook book;
  const Hash x = block_id(block_of(1, 1, {1}, 1)), y = block_id(block_of(1, 1, {2}, 2));
  for (const Hash& id : {x, y}) {
    book.add_value(id, Bytes{1}, 9);
    book.judge(id, true);
  }
  for (const auto& [valid_round, expected] :
       {std::pair{2, std::optional<Hash>()}, {3, std::optional(y)}, {4, std::optional(y)}}) {
    RoundMachine machine;
    machine.resume(3, RoundMachine::Step::precommit, RoundMachine::Mark{3, x});
    machine.enter(5);
    VoteKeeper keeper = votes;
    keeper.add(Certificate{VoteType::prevote,
                           1,
                           static_cast<std::uint32_t>(valid_round),
                           y,
                           {{{1}, -1, {}}, {{2}, -1, {}}, {{3}, -1, {}}}});
    ProposalBook proposals = book;
    proposals.add(Proposal{1, 5, valid_round, y, {2}, {}, {}, {}}, true);
    const auto action = machine.next(keeper, proposals);
    REQUIRE(action);
    REQUIRE(std::holds_alternative<CastVote>(*action));
    CHECK(std::get<CastVote>(*action).value == expected);
  }
}

TEST_CASE("rounds are joined at f+1, not at f, however far ahead") {
  for (const std::uint32_t far : {2u, 7u, 1'000'000u}) {
    Lab lab;
    lab.hear(encode(lab.vote(VoteType::prevote, 1, far, std::nullopt)));
    lab.hear(encode(lab.vote(VoteType::precommit, 1, far, std::nullopt)));
    CHECK(lab.driver.round() == 0);
    lab.hear(encode(lab.vote(VoteType::precommit, 3, far + 3, std::nullopt)));
    CHECK(lab.driver.round() == far);
  }
}

TEST_CASE("precommits of an earlier round still decide") {
  Lab lab;
  const Bytes x = lab.lock_in_round_0();
  lab.hear_votes(VoteType::precommit, {3}, 0, block_id(x));
  CHECK_FALSE(lab.driver.decided());
  // Validators 1 and 2 precommitted nil to us; their other precommits are evidence, not votes.
  lab.hear_votes(VoteType::precommit, {1, 2}, 0, block_id(x));
  CHECK_FALSE(lab.driver.decided());
  CHECK(lab.all<EvidenceFound>().size() == 2);
  Lab other;
  const Bytes y = other.block(1, 1);
  other.hear(encode(other.proposal(0, y)));
  other.hear_votes(VoteType::precommit, {1, 2}, 0, block_id(y));
  other.hear_votes(VoteType::prevote, {1, 2}, 4, std::nullopt);
  CHECK(other.driver.round() == 4);
  other.hear_votes(VoteType::precommit, {3}, 0, block_id(y));
  CHECK(other.driver.decided());
}

TEST_CASE("f+1 validators two heights ahead make a node ask at once, f do not") {
  Lab lab;
  lab.hear(encode(lab.vote(VoteType::prevote, 1, 0, std::nullopt, no_round, 9)));
  lab.hear(encode(lab.vote(VoteType::prevote, 1, 0, std::nullopt, no_round, 99)));
  lab.hear(encode(lab.vote(VoteType::prevote, 2, 0, std::nullopt, no_round, 2)));
  Vote forged = lab.vote(VoteType::prevote, 1, 0, std::nullopt, no_round, 9);
  forged.validator.value = 3;
  lab.hear(encode(forged));
  CHECK(lab.all<AskPeer>().empty());
  lab.hear(encode(lab.vote(VoteType::prevote, 2, 0, std::nullopt, no_round, 9)));
  lab.hear(encode(lab.vote(VoteType::prevote, 3, 0, std::nullopt, no_round, 9)));
  REQUIRE(lab.all<AskPeer>().size() == 1);
  CHECK(decode_decision_request(lab.all<AskPeer>()[0].bytes)->height == 1);
  const Bytes x = lab.block(1, 1);
  lab.hear(encode(Decision{lab.certificate(VoteType::precommit, 0, block_id(x)), x}));
  lab.step([&](Effects& out) { lab.driver.advance(lab.now, 2, out); });
  CHECK(lab.all<AskPeer>().size() == 2);
}

TEST_CASE("messages of the next height wait for it") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  lab.now = lab.now + milliseconds(990);
  const Bytes y = block_of(2, 2000, {2}, 1);
  lab.hear(encode(lab.proposal(0, y, no_round, 2)));
  for (const std::uint32_t v : {1u, 2u})
    lab.hear(encode(lab.vote(VoteType::prevote, v, 0, block_id(y), no_round, 2)));
  lab.hear(encode(Decision{lab.certificate(VoteType::precommit, 0, block_id(x)), x}));
  lab.forget();
  lab.step([&](Effects& out) { lab.driver.advance(lab.now, 2, out); });
  CHECK(lab.own_votes(VoteType::prevote).empty());  // it is not yet time
  lab.pass(milliseconds(10));
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{block_id(y)});
  CHECK(values_of(lab.own_votes(VoteType::precommit)) == Values{block_id(y)});
}

TEST_CASE("an observer decides by itself and never speaks for itself") {
  Lab lab(0, {}, true);
  CHECK_FALSE(lab.driver.self());
  const Bytes x = lab.block(1, 1);
  lab.pass(milliseconds(100));
  lab.hear(encode(lab.proposal(0, x)));
  lab.hear_votes(VoteType::prevote, {0, 1, 2}, 0, block_id(x));
  lab.hear_votes(VoteType::precommit, {0, 1}, 0, block_id(x));
  CHECK_FALSE(lab.driver.decided());
  CHECK(lab.all<Broadcast>().empty());
  CHECK(lab.all<PersistSigned>().empty());
  lab.hear_votes(VoteType::precommit, {2}, 0, block_id(x));
  CHECK(lab.driver.decided());
}

TEST_CASE("a valid value is kept over many rounds without a lock on it") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  lab.pass(milliseconds(400));
  lab.hear_votes(VoteType::prevote, {1}, 0, std::nullopt);
  lab.hear_votes(VoteType::prevote, {2}, 0, block_id(x));
  lab.pass(milliseconds(200));  // no quorum for anything: precommits nil
  REQUIRE(values_of(lab.own_votes(VoteType::precommit)) == Values{std::nullopt});
  lab.hear(encode(lab.proposal(0, x)));
  lab.hear(encode(lab.certificate(VoteType::prevote, 0, block_id(x))));
  CHECK_FALSE(lab.driver.machine().locked());
  REQUIRE(lab.driver.machine().valid());
  lab.hear_votes(VoteType::prevote, {1, 2}, 7, std::nullopt);  // a round of ours
  CHECK(lab.driver.round() == 7);
  CHECK(lab.all<NeedValue>().empty());
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{std::nullopt, block_id(x)});
}

TEST_CASE("a node that went on repeats what ended the round before") {
  // Otherwise two who missed one precommit of round 0 could wait there for ever.
  Lab lab;
  lab.fail_round(0);
  lab.forget();
  lab.pass(milliseconds(1100));
  std::vector<Vote> shown;
  for (const Broadcast& b : lab.all<Broadcast>())
    if (const auto vote = decode_vote(b.bytes); vote && vote->round == 0) shown.push_back(*vote);
  REQUIRE(shown.size() == 3);
  for (const Vote& vote : shown) CHECK(vote.type == VoteType::precommit);
}
