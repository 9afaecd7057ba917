// One validator of four against messages made by hand. Validator (h + r) mod 4 proposes: at height
// 1 that is 1 in round 0, 2 in round 1, 3 in round 2, 0 in round 3.

#include <doctest/doctest.h>
#include <functional>

#include "tests/support/consensus_sim.hpp"

using namespace ledger;
using consensus_sim::block_of;
using consensus_sim::config_of;
using consensus_sim::ModelSigner;

namespace {

struct Lab {
  ConsensusConfig config = config_of(4);
  consensus_sim::ModelVerifier verifier;
  ModelSigner signer;
  Driver driver;
  Instant now;
  Effects said;  // since `forget`
  bool application_agrees = true;

  // A validator at the beginning of round 0 of height 1.
  explicit Lab(std::uint32_t self = 0, const Bytes& record = {}, bool observer = false)
      : signer(self), driver(config, observer ? nullptr : &signer, verifier) {
    if (!record.empty()) REQUIRE(driver.restore(record));
    now = now + seconds(1);
    step([&](Effects& out) { driver.start(now, 1, 0, out); });
  }

  void step(const std::function<void(Effects&)>& act) {
    Effects out;
    act(out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto* check = std::get_if<CheckValue>(&out[i]);
      if (!check) continue;
      const Hash id = check->value_id;
      driver.value_checked(now, id, application_agrees, out);
    }
    said.insert(said.end(), out.begin(), out.end());
  }
  void hear(const Bytes& bytes) {
    step([&](Effects& out) { driver.on_message(now, bytes, out); });
  }
  // Time passes; deadlines act when they are due.
  void pass(Duration span) {
    const Instant until = now + span;
    while (driver.next_deadline() <= until) {
      now = std::max(now, driver.next_deadline());
      step([&](Effects& out) { driver.on_deadline(now, out); });
    }
    now = until;
  }

  Signature signature(std::uint32_t validator, const Bytes& statement) const {
    return ModelSigner(validator).sign(signed_bytes(config.chain_id, statement));
  }
  Vote vote(VoteType type, std::uint32_t validator, std::uint32_t round, std::optional<Hash> value,
            std::int32_t valid_round = no_round, std::uint64_t height = 1) const {
    Vote out{type, height, round, value, valid_round, {validator}, {}};
    out.signature = signature(validator, statement_of(out));
    return out;
  }
  void hear_votes(VoteType type, std::vector<std::uint32_t> from, std::uint32_t round,
                  std::optional<Hash> value) {
    for (const std::uint32_t v : from) hear(encode(vote(type, v, round, value)));
  }
  Certificate certificate(VoteType type, std::uint32_t round, const Hash& value,
                          std::uint64_t height = 1) const {
    Certificate out{type, height, round, value, {}};
    for (std::uint32_t v = 1; v < 4; ++v)
      out.votes.push_back({{v}, no_round, vote(type, v, round, value, no_round, height).signature});
    return out;
  }
  Bytes block(std::uint32_t proposer, std::uint64_t nonce, std::uint64_t height = 1) const {
    return block_of(height, now.whole_ms(), {proposer}, nonce);
  }
  Proposal proposal(std::uint32_t round, const Bytes& value, std::int32_t valid_round = no_round,
                    std::uint64_t height = 1) const {
    Proposal out{
        height, round, valid_round, block_id(value), driver.validators().proposer(height, round),
        {},     {},    value};
    if (valid_round != no_round)
      out.certificate = certificate(VoteType::prevote, static_cast<std::uint32_t>(valid_round),
                                    out.value_id, height);
    sign(out);
    return out;
  }
  void sign(Proposal& p) const { p.signature = signature(p.proposer.value, statement_of(p)); }

  void forget() { said.clear(); }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const Effect& e : said)
      if (const T* found = std::get_if<T>(&e)) out.push_back(*found);
    return out;
  }
  std::vector<Vote> own_votes(VoteType type) const {
    std::vector<Vote> out;
    for (const Broadcast& b : all<Broadcast>())
      if (const auto v = decode_vote(b.bytes);
          v && v->type == type && v->validator == driver.self())
        out.push_back(*v);
    return out;
  }
  std::size_t refusals() const {
    std::size_t n = 0;
    for (const ConsensusEvent& e : all<ConsensusEvent>())
      n += e.kind == ConsensusEvent::Kind::message_refused ? 1 : 0;
    return n;
  }
  // From round r to round r + 1, nobody having agreed on anything.
  void fail_round(std::uint32_t round) {
    hear_votes(VoteType::prevote, {1, 2, 3}, round, std::nullopt);
    hear_votes(VoteType::precommit, {1, 2, 3}, round, std::nullopt);
    pass(driver.next_deadline() - now);
    for (int i = 0; i < 9 && driver.round() == round; ++i) pass(milliseconds(100));
    REQUIRE(driver.round() == round + 1);
  }
  // A block that this node precommitted in round 0.
  Bytes lock_in_round_0() {
    const Bytes x = block(1, 1);
    hear(encode(proposal(0, x)));
    hear_votes(VoteType::prevote, {1, 2}, 0, block_id(x));
    REQUIRE(driver.machine().locked());
    hear_votes(VoteType::precommit, {1, 2}, 0, std::nullopt);
    pass(milliseconds(200));
    REQUIRE(driver.round() == 1);
    return x;
  }
};

using Values = std::vector<std::optional<Hash>>;
Values values_of(const std::vector<Vote>& votes) {
  Values out;
  for (const Vote& vote : votes) out.push_back(vote.value);
  return out;
}

}  // namespace

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

TEST_CASE("what is signed is durable before it is sent") {
  Lab lab;
  lab.lock_in_round_0();
  const std::vector<Effect>& said = lab.said;
  std::size_t own = 0;
  for (std::size_t i = 0; i < said.size(); ++i) {
    const auto* sent = std::get_if<Broadcast>(&said[i]);
    if (!sent) continue;
    const auto vote = decode_vote(sent->bytes);
    REQUIRE(vote);
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

TEST_CASE("a second statement for one step is evidence, told once and never counted") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  lab.hear_votes(VoteType::prevote, {2, 2, 2}, 0, std::nullopt);
  CHECK(lab.all<EvidenceFound>().empty());
  lab.hear_votes(VoteType::prevote, {2, 2}, 0, block_id(x));
  REQUIRE(lab.all<EvidenceFound>().size() == 1);
  CHECK(lab.all<EvidenceFound>()[0].culprit == ValidatorId{2});
  lab.hear(encode(lab.proposal(0, x)));
  lab.hear(encode(lab.proposal(0, lab.block(1, 2))));
  lab.hear(encode(lab.proposal(0, lab.block(1, 3))));
  REQUIRE(lab.all<EvidenceFound>().size() == 2);
  const EvidenceFound found = lab.all<EvidenceFound>()[1];
  CHECK(verify_evidence(found.evidence, lab.config.chain_id, lab.driver.validators(),
                        lab.verifier) == ValidatorId{1});
  // Ours and validator 1's for x; that of 2 counts for nil.
  lab.hear_votes(VoteType::prevote, {1, 1, 2}, 0, block_id(x));
  CHECK(lab.own_votes(VoteType::precommit).empty());
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

TEST_CASE("proposals that are not what they should be get no vote") {
  struct Case {
    const char* what;
    std::function<Bytes(Lab&)> make;
    bool refused;  // and not even looked at; otherwise prevoted nil
  };
  for (const Case& c : std::vector<Case>{
           {"another validator's turn",
            [](Lab& l) {
              Proposal p = l.proposal(0, l.block(2, 1));
              p.proposer.value = 2;
              l.sign(p);
              return encode(p);
            },
            true},
           {"a proposer outside the set",
            [](Lab& l) {
              Proposal p = l.proposal(0, l.block(1, 1));
              p.proposer.value = 0xffff'ffff;
              return encode(p);
            },
            true},
           {"a wrong signature",
            [](Lab& l) {
              Proposal p = l.proposal(0, l.block(1, 1));
              p.signature[0] ^= 1;
              return encode(p);
            },
            true},
           {"another value than it says",
            [](Lab& l) { return encode(l.proposal(0, l.block(1, 1)), l.block(1, 2)); }, true},
           {"no value", [](Lab& l) { return encode(l.proposal(0, l.block(1, 1)), {}); }, true},
           {"a value that is no block", [](Lab& l) { return encode(l.proposal(0, Bytes(300, 7))); },
            true},
           {"a body that does not fit its header",
            [](Lab& l) {
              Bytes x = l.block(1, 1);
              x.back() ^= 1;
              return encode(l.proposal(0, x));
            },
            true},
           {"a block of another height",
            [](Lab& l) { return encode(l.proposal(0, l.block(1, 1, 2))); }, true},
           {"a block that another validator made",
            [](Lab& l) { return encode(l.proposal(0, l.block(2, 1))); }, true},
           {"a negative time",
            [](Lab& l) { return encode(l.proposal(0, block_of(1, -1, {1}, 1))); }, true},
           {"a time that no clock holds",
            [](Lab& l) { return encode(l.proposal(0, block_of(1, INT64_MAX, {1}, 1))); }, true},
           {"a time ahead of ours by more than the precision",
            [](Lab& l) { return encode(l.proposal(0, block_of(1, 1251, {1}, 1))); }, false},
           {"a time before the height begins",
            [](Lab& l) { return encode(l.proposal(0, block_of(1, 999, {1}, 1))); }, false},
           {"a value that the application refuses",
            [](Lab& l) {
              l.application_agrees = false;
              return encode(l.proposal(0, l.block(1, 1)));
            },
            false}}) {
    Lab lab;
    INFO(c.what);
    lab.hear(c.make(lab));
    CHECK(lab.refusals() == (c.refused ? 1u : 0u));
    CHECK(values_of(lab.own_votes(VoteType::prevote)) ==
          (c.refused ? Values{} : Values{std::nullopt}));
  }
}

TEST_CASE("a proposal that arrives late is not timely, and later rounds wait longer") {
  Lab lab;
  const Bytes early = lab.block(1, 1);  // stamped 1,000 ms
  lab.step([&](Effects& out) {          // at 250 + 200 ms, the last moment, and one after it
    lab.driver.on_message(lab.now + milliseconds(450), encode(lab.proposal(0, early)), out);
  });
  CHECK(values_of(lab.own_votes(VoteType::prevote)) == Values{block_id(early)});
  Lab late;
  late.step([&](Effects& out) {
    late.driver.on_message(late.now + milliseconds(451), encode(late.proposal(0, early)), out);
  });
  CHECK(values_of(late.own_votes(VoteType::prevote)) == Values{std::nullopt});
  Lab round_2;
  round_2.hear_votes(VoteType::precommit, {1, 3}, 2, std::nullopt);
  REQUIRE(round_2.driver.round() == 2);
  const Bytes slow = round_2.block(3, 1);
  const Proposal proposal = round_2.proposal(2, slow);
  round_2.step([&](Effects& out) {
    round_2.driver.on_message(round_2.now + milliseconds(650), encode(proposal), out);
  });
  CHECK(values_of(round_2.own_votes(VoteType::prevote)) == Values{block_id(slow)});
}

TEST_CASE("block time rises") {
  Lab lab;
  const Bytes x = block_of(1, 1200, {1}, 1);
  lab.hear(encode(lab.proposal(0, x)));
  lab.hear(encode(Decision{lab.certificate(VoteType::precommit, 0, block_id(x)), x}));
  REQUIRE(lab.driver.decided());
  lab.config.block_interval = seconds(1);
  lab.now = Instant{} + seconds(2);
  // A chain whose last block is stamped ahead of this clock: the next is one millisecond later.
  Driver driver(lab.config, &lab.signer, lab.verifier);
  Effects out;
  driver.start(lab.now, 4, 9000, out);
  Lab proposer(0);
  CHECK(driver.next_deadline() == Instant{} + seconds(4));
  driver.on_deadline(Instant{} + seconds(4), out);
  bool asked = false;
  for (const Effect& e : out)
    if (const auto* need = std::get_if<NeedValue>(&e)) asked = need->timestamp_ms == 9001;
  CHECK(asked);

  Driver voter(lab.config, &lab.signer, lab.verifier);
  voter.start(lab.now, 1, 1000, out);
  out.clear();
  Proposal stale = lab.proposal(0, block_of(1, 1000, {1}, 5));
  voter.on_message(Instant{} + milliseconds(1000), encode(stale), out);
  bool checked = false;
  for (const Effect& e : out) checked = checked || std::holds_alternative<CheckValue>(e);
  CHECK_FALSE(checked);
}

TEST_CASE("votes of strangers, garbage and old heights change nothing") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  lab.hear(encode(lab.proposal(0, x)));
  lab.forget();
  Vote unknown = lab.vote(VoteType::prevote, 1, 0, block_id(x));
  unknown.validator.value = 4;
  lab.hear(encode(unknown));
  Vote forged = lab.vote(VoteType::prevote, 1, 0, block_id(x));
  forged.validator.value = 2;
  lab.hear(encode(forged));
  Certificate thin = lab.certificate(VoteType::prevote, 0, block_id(x));
  thin.votes.pop_back();
  lab.hear(encode(thin));
  lab.hear({});
  lab.hear({1, 2, 3});
  lab.hear(Bytes(200'000, 1));
  lab.hear(encode(lab.certificate(VoteType::precommit, 0, block_id(x))));
  CHECK(lab.refusals() == 7);
  CHECK(lab.all<ConsensusEvent>().size() == lab.said.size());
  CHECK(lab.own_votes(VoteType::precommit).empty());
  // The quorum that a good certificate proves counts at once.
  lab.hear(encode(lab.certificate(VoteType::prevote, 0, block_id(x))));
  CHECK(values_of(lab.own_votes(VoteType::precommit)) == Values{block_id(x)});
}

TEST_CASE("a node that is behind follows decisions, and nothing that only looks like one") {
  Lab lab;
  const Bytes x = lab.block(1, 1);
  const Decision good{lab.certificate(VoteType::precommit, 0, block_id(x)), x};
  const std::vector<std::function<void(Decision&)>> changes = {
      [](Decision& d) { d.certificate.votes.pop_back(); },
      [](Decision& d) { d.certificate.votes[0].signature[1] ^= 1; },
      [](Decision& d) { d.certificate.votes[2].validator.value = 9; },
      [](Decision& d) { d.certificate.type = VoteType::prevote; },
      [](Decision& d) { d.certificate.round = 1; },
      [](Decision& d) { d.value[20] ^= 1; },
      [](Decision& d) { d.value.push_back(0); },
  };
  for (const auto& change : changes) {
    Decision bad = good;
    change(bad);
    lab.hear(encode(bad));
    CHECK_FALSE(lab.driver.decided());
  }
  CHECK(lab.refusals() == changes.size());
  const Bytes next = lab.block(2, 1, 2);
  lab.hear(encode(Decision{lab.certificate(VoteType::precommit, 0, block_id(next), 2), next}));
  CHECK_FALSE(lab.driver.decided());
  lab.hear(encode(good));
  REQUIRE(lab.all<Decided>().size() == 1);
  CHECK(lab.all<Decided>()[0].value_id == block_id(x));
  lab.hear(encode(good));
  lab.step([&](Effects& out) { lab.driver.advance(lab.now, 2, out); });
  lab.hear(encode(good));  // a lower height
  CHECK(lab.all<Decided>().size() == 1);
  lab.forget();
  for (const std::uint64_t height : {1, 2, 3}) lab.hear(encode(DecisionRequest{height}));
  REQUIRE(lab.all<AnswerPeer>().size() == 1);
  CHECK(lab.all<AnswerPeer>()[0].height == 1);
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

TEST_CASE("one validator cannot fill the buffer of the next height") {
  HeightBuffer buffer;
  for (std::uint8_t i = 0; i < 200; ++i) buffer.add({{}, {1}, i % 2 == 0, Bytes{i}});
  buffer.add({{}, {2}, false, Bytes{1}});
  buffer.add({{}, {2}, false, Bytes{1}});
  CHECK(buffer.take().size() == 16 + 1 + 1);
  CHECK(buffer.take().empty());
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

TEST_CASE("old values are forgotten, the locked one is not") {
  Lab lab;
  const Bytes x = lab.lock_in_round_0();
  const Bytes y = lab.block(2, 2);
  lab.hear(encode(lab.proposal(1, y)));
  lab.hear_votes(VoteType::prevote, {1, 2}, 6, std::nullopt);
  REQUIRE(lab.driver.round() == 6);
  lab.hear_votes(VoteType::precommit, {1, 2, 3}, 1, block_id(y));
  CHECK_FALSE(lab.driver.decided());  // a quorum for it, but its bytes are gone: a peer has them
  lab.hear(encode(lab.proposal(1, y)));
  CHECK(lab.driver.decided());
}

TEST_CASE("a proposer that says ever more in one round takes no more memory") {
  Lab lab;
  for (std::uint64_t nonce = 0; nonce < 50; ++nonce)
    lab.hear(encode(lab.proposal(0, lab.block(1, nonce))));
  CHECK(lab.all<CheckValue>().size() == 2);
  CHECK(lab.all<EvidenceFound>().size() == 1);
}
