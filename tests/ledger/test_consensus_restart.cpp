// Never two statements for one step: the guard, its record, and restarts.

#include "tests/support/consensus_lab.hpp"

using namespace consensus_lab;

TEST_CASE("what is signed is durable before it is sent") {
  Lab lab;
  lab.lock_in_round_0();
  const std::vector<Effect>& said = lab.said;
  std::size_t own = 0;
  for (std::size_t i = 0; i < said.size(); ++i) {
    const auto* sent = std::get_if<Broadcast>(&said[i]);
    if (!sent) continue;
    const auto vote = decode_vote(sent->bytes);
    if (!vote || vote->validator != lab.driver.self()) continue;
    REQUIRE(i > 0);
    const auto* record = std::get_if<PersistSigned>(&said[i - 1]);
    REQUIRE(record);
    const auto guard = SignGuard::restore(record->record, lab.config.chain_id, {0}, 1 << 16);
    REQUIRE(guard);
    CHECK(guard->statements().back().bytes == statement_of(*vote));
    CHECK(guard->lock().has_value() == (vote->type == VoteType::precommit));
    ++own;
  }
  CHECK(own == 2);
}

TEST_CASE("a restarted validator says the same again, and nothing else for those steps") {
  Lab before;
  const Bytes x = before.block(1, 1);
  before.hear(encode(before.proposal(0, x)));
  before.hear_votes(VoteType::prevote, {1, 2}, 0, block_id(x));
  const Bytes record = before.all<PersistSigned>().back().record;
  const auto prevotes = before.own_votes(VoteType::prevote);
  const auto precommits = before.own_votes(VoteType::precommit);

  Lab after(0, record);
  CHECK(after.own_votes(VoteType::prevote) == prevotes);
  CHECK(after.own_votes(VoteType::precommit) == precommits);
  CHECK(after.all<PersistSigned>().empty());
  REQUIRE(after.driver.machine().locked());
  CHECK(after.driver.machine().locked()->value == block_id(x));
  after.forget();
  after.hear(encode(after.proposal(0, after.block(1, 2))));
  after.hear_votes(VoteType::prevote, {1, 2, 3}, 0, std::nullopt);
  CHECK(after.all<Broadcast>().empty());
  SUBCASE("the lock holds in the next round") {
    after.hear_votes(VoteType::precommit, {1, 2}, 0, std::nullopt);
    after.pass(milliseconds(200));
    REQUIRE(after.driver.round() == 1);
    after.hear(encode(after.proposal(1, after.block(2, 2))));
    CHECK(values_of(after.own_votes(VoteType::prevote)) == Values{std::nullopt});
  }
  SUBCASE("the value it locked is still there to decide") {
    after.hear_votes(VoteType::precommit, {1, 2}, 0, block_id(x));
    REQUIRE(after.all<Decided>().size() == 1);
    CHECK(after.all<Decided>()[0].value == x);
  }
}

TEST_CASE("a restarted proposer does not ask for another block of the same round") {
  Lab before(1);
  before.step(
      [&](Effects& out) { before.driver.propose(before.now, 1, 0, before.block(1, 1), out); });
  // The disk holds the record of the proposal, not yet that of the prevote.
  const Bytes record = before.all<PersistSigned>().front().record;
  Lab after(1, record);
  CHECK(after.driver.machine().step() == RoundMachine::Step::propose);
  CHECK(after.all<NeedValue>().empty());
  after.pass(milliseconds(400));
  CHECK(values_of(after.own_votes(VoteType::prevote)) == Values{std::nullopt});
}

TEST_CASE("the guard refuses what is passed and what differs") {
  SignGuard guard({}, {0});
  const Bytes a{1}, b{2};
  using Verdict = SignGuard::Verdict;
  CHECK(guard.admit(5, 2, SignStep::prevote, a) == Verdict::fresh);
  CHECK(guard.admit(5, 2, SignStep::prevote, a) == Verdict::again);
  CHECK(guard.admit(5, 2, SignStep::prevote, b) == Verdict::refused);
  CHECK(guard.admit(5, 2, SignStep::propose, a) == Verdict::refused);
  CHECK(guard.admit(5, 1, SignStep::precommit, a) == Verdict::refused);
  CHECK(guard.admit(4, 9, SignStep::precommit, a) == Verdict::refused);
  CHECK(guard.admit(5, 2, SignStep::precommit, b) == Verdict::fresh);
  CHECK(guard.admit(5, 2, SignStep::prevote, a) == Verdict::again);
  CHECK(guard.admit(5, 3, SignStep::propose, a) == Verdict::fresh);
  CHECK(guard.admit(5, 2, SignStep::precommit, b) == Verdict::again);
  CHECK(guard.admit(5, 2, SignStep::precommit, a) == Verdict::refused);
  CHECK(guard.admit(6, 0, SignStep::propose, a) == Verdict::fresh);
  CHECK(guard.admit(5, 9, SignStep::prevote, a) == Verdict::refused);
}

TEST_CASE("a record that is damaged, of another chain or of another validator is refused") {
  Lab lab;
  lab.lock_in_round_0();
  const Bytes record = lab.all<PersistSigned>().back().record;
  const auto read = [&](const Bytes& bytes, const Hash& chain, std::uint32_t self) {
    return SignGuard::restore(bytes, chain, {self}, 1 << 16);
  };
  REQUIRE(read(record, lab.config.chain_id, 0));
  CHECK(read(record, lab.config.chain_id, 0)->record() == record);
  CHECK(read(record, Hash{}, 0).error() == ConsensusFault::wrong_chain);
  CHECK(read(record, lab.config.chain_id, 1).error() == ConsensusFault::wrong_chain);
  for (std::size_t i = 0; i < record.size(); ++i) {
    Bytes bad = record;
    bad[i] ^= 0x10;
    CHECK(read(bad, lab.config.chain_id, 0).error() == ConsensusFault::corrupt_record);
    CHECK_FALSE(read(Bytes(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(i)),
                     lab.config.chain_id, 0));
  }
  Driver observer(lab.config, nullptr, lab.verifier);
  CHECK_FALSE(observer.restore(record));
}

TEST_CASE(
    "a validator whose blocks are older than its record signs nothing until it has caught up") {
  SignGuard guard(config_of(4).chain_id, {1});
  Vote vote{VoteType::prevote, 3, 0, std::nullopt, no_round, {1}, {}};
  guard.admit(3, 0, SignStep::prevote, statement_of(vote));
  Lab lab(1, guard.record());  // starts at height 1, whose proposer it is
  CHECK(lab.all<NeedValue>().empty());
  lab.hear(encode(lab.vote(VoteType::prevote, 0, 0, std::nullopt)));
  lab.pass(milliseconds(400));
  CHECK(lab.all<Broadcast>().empty());
  CHECK(lab.all<PersistSigned>().empty());
}
